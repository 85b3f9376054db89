-- What is staged.
select *
from pinv.taxa;
