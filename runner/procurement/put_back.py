"""Puts back the recommendations that were open before the newest publication."""

import psycopg
from psycopg import sql

from runner.database.query import query
from runner.errors import FieldlabError
from runner.ops.previous import Previous
from runner.ops.runs import Run
from runner.procurement.lifecycle import EXPIRE, LOCK, clock, content_of
from runner.settings import Settings
from runner.words import count

REASON = "rolled back"
NAMED = 10  # ids in a message


def put_back_recommendations(
    connection: psycopg.Connection, settings: Settings, run: Run, kept: Previous, *, by: str, keep_decisions: bool
) -> dict[str, int]:
    """Make the open recommendations those that were open before, in the caller's transaction.

    What the publication raised expires, what it expired is open again, what it refreshed says what it said before. What
    was viewed since stays viewed. What people decided since is theirs: it is never put back.

    Args:
        connection: In the transaction in which the newer publication was withdrawn.
        settings: Names the schema and the business time zone.
        run: The command that does it, for the events.
        kept: The set to put back.
        by: Who does it.
        keep_decisions: Go on although something was decided since.

    Returns:
        How many were put back, reopened of these, and withdrawn; how many decisions were left alone.

    Raises:
        FieldlabError: Something was decided since, and `keep_decisions` is not given.
    """
    connection.execute(query(settings, LOCK))
    bound = {"replaced_by": kept.replaced_by.run_id}
    decided = [key for (key,) in connection.execute(query(settings, _DECIDED), bound).fetchall()]
    if decided and not keep_decisions:
        named = ", ".join(map(str, decided[:NAMED])) + (", …" if len(decided) > NAMED else "")
        raise FieldlabError(
            f"People decided about {count(len(decided), 'recommendation')} since the newest publication: {named}. "
            "Nothing was put back.",
            "--keep-decisions leaves them as they were decided and puts back the rest.",
        )
    time_now = clock(connection, settings)
    step = {"now": time_now.now, "as_of": time_now.today, "actor": by, "run_id": run.run_id, "reason": REASON}
    is_over = query(settings, _RAISED_SINCE)
    withdraw = query(settings, EXPIRE, is_over=is_over, reason=sql.Placeholder("reason"))
    withdrawn = connection.execute(withdraw, step).rowcount
    connection.execute(query(settings, _REOPEN), step)
    put_back = connection.execute(query(settings, _PUT_BACK, content=content_of("previous")), step).rowcount
    return {"recommendations": put_back, "withdrawn": withdrawn, "decided": len(decided)}


# Of what was open right after the publication: what was open before it, or was raised by it.
_DECIDED = """
    select id
    from {ops}.recommendations
    where
        status in ('DISMISSED', 'APPLIED')
        and (run_id = %(replaced_by)s or id in (select id from {ops}.previous_recommendations))
    order by id
"""

_RAISED_SINCE = "id not in (select id from {ops}.previous_recommendations)"

# Not where the same was raised again since and a person decided about that.
_REOPEN = """
    with closed as (
        select recommendations.id, case when viewed_at is null then 'PENDING' else 'VIEWED' end as status
        from {ops}.recommendations as recommendations
        where
            status = 'EXPIRED'
            and id in (select id from {ops}.previous_recommendations)
            and not exists (
                select 1
                from {ops}.recommendations as later
                where
                    later.fingerprint = recommendations.fingerprint
                    and later.id > recommendations.id
                    and later.status in ('DISMISSED', 'APPLIED')
            )
        for update
    ),

    reopened as (
        update {ops}.recommendations as recommendations
        set status = closed.status
        from closed
        where recommendations.id = closed.id
    )

    insert into {ops}.recommendation_events (
        recommendation_id, occurred_at, as_of, actor, from_status, to_status, run_id, reason
    )
    select id, %(now)s, %(as_of)s, %(actor)s, 'EXPIRED', status, %(run_id)s, %(reason)s
    from closed
    order by id
"""

_PUT_BACK = """
    update {ops}.recommendations as recommendations
    set
        {content},
        updated_at = %(now)s, as_of = previous.as_of, run_id = previous.run_id
    from {ops}.previous_recommendations as previous
    where recommendations.id = previous.id and recommendations.status in ('PENDING', 'VIEWED')
"""
