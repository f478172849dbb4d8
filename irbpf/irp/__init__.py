"""IRP, the notation in which the field writes infrared protocols: parsed, rendered, compiled and decoded here."""
