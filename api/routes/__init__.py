"""What is answered beside GraphQL: documents, webhooks, metrics. Each route is made of the service that it asks."""
