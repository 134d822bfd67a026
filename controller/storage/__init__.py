"""Store the controller's records with SQLAlchemy and Alembic."""
