select 'ok' as level, 'a; b' as message;
select 'problem' as level, 'never seen' as message;
