-- Is it right?
selct 'ok' as level, 'fine' as message;
