"""Generated tokens coloured by probability, on the Decoding, Completion and Chat pages."""
