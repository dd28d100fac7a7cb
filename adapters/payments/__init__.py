"""Payment providers behind the port `domain.providers.provider`. A payment recorded by staff needs none."""
