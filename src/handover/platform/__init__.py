"""What every stage stands on and what knows no dossiers: settings, database, clock, ids, log, processes."""
