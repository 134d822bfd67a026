"""Roll a configuration, a model or a software version out safely.

What pages and the interface use:

    drafts.make(uow, site, actor, draft, moment)      make a draft; refused if a gate would refuse
    drafts.diff(uow, site, id)                        every setting that changes, live or restart
    running.start(uow, actor, id, reason, moment)     send it to the canaries
    running.stop(uow, actor, id, reason, moment)      take it back wherever it was sent
    running.undo(uow, site, actor, id, moment)        draft that takes a finished one back
    history.rollouts(uow), history.detail(uow, id)    where everything stands, and what happened

The web process drives `running.advance` every few seconds and at each health report.
"""
