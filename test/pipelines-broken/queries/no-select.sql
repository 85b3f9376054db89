-- bla

selct 1;
