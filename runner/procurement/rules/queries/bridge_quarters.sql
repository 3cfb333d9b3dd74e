-- The dates of both halves of spend_bridge's quarter.
select starts_on, ends_on
from {procurement}.spend_bridge
where period = 'quarter'
union
select before_starts_on, before_ends_on
from {procurement}.spend_bridge
where period = 'quarter'
