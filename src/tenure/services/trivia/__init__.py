"""Trivia: questions on a schedule, answers in a window, results that are posted once, in a chat of several.

    lifecycle     guilds, registrations, games, answers, scores: the table from which the rest follows
    service       the parts put together; `kinds`, `TriviaService`
    guilds        met, edited, left, forgotten     registrations   what a guild wants asked   schedules   and when
    posting       what is due gets its question    asking          which slot, which game     announcing  its post
    answering     whether an answer counts         games           looked at, closed, taken back, replayed
    closing       counted, posted, archived        counting        points, each once          rounds      who leads
    boards        who has how many points          replaying       one game from its first event to its last
    marks         by which a post of ours is known again           pauses          how long a refused game waits
    refusals      why something is turned down     checks          texts from outside         settings
    questions     packs, the web, and which one comes next
    chats         which there are                  chat            what each must do, its commands, and our own page
    discord       the same in Discord, and a local Discord to try it on
    watching      how all of this does             api             all of this over HTTP      console     for operators

Begin with `lifecycle`, then `service`.
"""
