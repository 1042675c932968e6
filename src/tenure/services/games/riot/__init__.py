"""What the service knows of Riot Games: what is asked for, what comes back, and how much may be asked."""
