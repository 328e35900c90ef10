"""`python -m app`."""

# Guarded, import and all: worker processes (app/workers.py) load this module again.
if __name__ == "__main__":
    from app.cli import main

    main()
