"""The entry point of `python -m app`."""

# Worker processes (app/workers.py) import this module again, and must not run the command.
if __name__ == "__main__":
    from app.cli import main

    main()
