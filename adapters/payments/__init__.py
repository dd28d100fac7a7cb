"""Payment providers behind the port `domain.provider`. A payment recorded by staff needs none."""
