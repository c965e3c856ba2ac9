"""KerasTuner made durable, on one machine and on many."""
