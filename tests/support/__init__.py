"""What tests of more than one folder share; test modules import no other."""
