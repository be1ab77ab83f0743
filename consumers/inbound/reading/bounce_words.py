"""What servers say when they refuse a mail, as two tables. A new server or language is a row here and a mail in
tests/inbound/mails; docs/replies.md says how.
"""

from __future__ import annotations

from consumers.inbound.reading.outcome import BounceReason

#: Regular expressions on casefolded answers, by reason; the first reason that fits counts. The comment is a sample.
WORDS: tuple[tuple[BounceReason, tuple[str, ...]], ...] = (
    # 450 4.2.0 <ann@example.com>: Recipient address rejected: Greylisted
    (BounceReason.GREYLISTED, (
        r"gr[ea]y-?\s?list",
    )),
    # 552 5.2.2 Mailbox size limit exceeded; The email account that you tried to reach is over quota
    (BounceReason.MAILBOX_FULL, (
        r"(?:mail-?\s?box|mailfolder|inbox|account|user|storage) (?:is |has |full "
        r"|are )?\(?(?:currently )?(?:full|over\s?quota)",
        r"over\s?-?quota", r"full mailbox", r"quota (?:is |has been )?(?:exceed|exhaust|full|violat)",
        r"exceed\w*[^.]{0,40} quota",
        r"disk quota", r"maildir.{0,20}quota",
        r"exceed\w* (?:its|the|their|his|her|storage|mailbox|maximum)[^.]{0,40}(?:storage|quota|allocation|space"
        r"|capacity)",
        r"out of (?:storage|space)",
        r"(?:insufficient|not enough) (?:system |disk |storage )?(?:storage|space)(?! to accept)",
        r"(?:mailbox|storage)[^.]{0,30}(?:exceeded|size limit|limit exceeded)", r"no space left",
        r"receiving mailbox is full", r"postfach (?:ist )?(?:\S+ )?voll",
        r"bo[iî]te (?:aux lettres |de réception )?(?:est )?pleine", r"buz[oó]n (?:est[aá] )?lleno",
        r"casella (?:di posta )?piena", r"caixa (?:de correio |postal )?(?:est[aá] )?cheia",
        r"почтовый ящик.{0,20}переполнен", r"邮箱(?:已|空间)满", r"容量を超",
    )),
    # 552 5.3.4 Message size exceeds fixed limit
    (BounceReason.MESSAGE_TOO_LARGE, (
        r"(?:message|mail|attachment|content|file)(?: file)?(?: size)?(?: is)? (?:too (?:big|large)|exceeds"
        r"|exceeded|larger than|over the)",
        r"size (?:limit|exceeds|exceeded)", r"exceeds? (?:the )?(?:maximum |fixed )?(?:message |mail )?size",
        r"too (?:big|large) (?:message|mail)", r"larger than (?:the )?(?:current |maximum )?(?:system )?limit",
        r"sizelimit", r"nachricht (?:ist )?zu gro[sß]",
    )),
    # 550 5.1.1 User unknown; Unrouteable address; not listed in Domino Directory
    (BounceReason.HARD, (
        r"user (?:is )?(?:unknown|not known)", r"invalid final delivery", r"unknown user",
        r"unknown (?:local )?(?:recipient|address|mailbox|account|local part)", r"userunknown",
        r"no such (?:user|person|recipient|mailbox|address|account|domain|local user|email)", r"nosuchuser",
        r"not a (?:known|valid) (?:user|recipient|mailbox)",
        r"(?:user|account|mailbox|recipient|address|e-?mail|alias|addressee|domain"
        r"|id)\S* (?:\S+ ){0,6}?(?:does ?n[o']t|does not|do not|doesn’t) exist",
        r"(?:user|account|mailbox|recipient|address|usuario|alias|addressee)\S* (?:\S+ ){0,3}?(?:could ?n[o']t be"
        r"|could not be|cannot be|can't be|was not|wasn't|wasn’t|not|couldn’t be) found",
        r"not (?:a )?(?:valid|known|our|local) (?:user|recipient|mailbox|customer|address)",
        r"is not known (?:here|at)", r"nobody (?:here )?(?:by|with) that name",
        r"(?:address|mailbox|recipient|user|account)(?: is| has been| was)? (?:currently )?(?:invalid|unknown"
        r"|inactive|disabled|deactivated|suspended|closed|deleted|removed|discontinued|expired|terminated)",
        r"(?:invalid|bad|wrong|nonexist\w+|non-existent|illegal|inactive|disabled|obsolete|undeliverable"
        r"|unavailable) (?:user|recipient|mailbox|address|e-?mail|account|destination mailbox|domain)",
        r"no mailbox (?:here )?(?:by|with) that name",
        r"mailbox (?:has been )?(?:unavailable or access denied|not found|disabled|deactivated)", r"no mailbox",
        r"no longer (?:available|in use|valid|active|on server|works|accept)", r"recipnotfound",
        r"recipient ?not ?found", r"addressnotfound", r"not listed in (?:domino directory|public name|address book)",
        r"not found in (?:the )?directory", r"unable to (?:find|validate) (?:the )?recipient", r"unrouteable",
        r"unroutable", r"host (?:or domain name )?(?:is )?(?:unknown|not found)", r"unknown host",
        r"(?:domain|host)(?: name)? (?:not found|does not exist|has no|isn't|is not)", r"nxdomain",
        r"name service error for", r"no mx", r"null ?mx", r"bad destination", r"couldn't find any host named",
        r"domain not found", r"no route found to domain",
        r"recipient address rejected: (?:access denied|undeliverable address|user|unverified|not)",
        r"unknown to (?:the )?system", r"has moved", r"is no longer", r"account that you tried to reach",
        r"addressee unknown", r"unbekannter? (?:empfänger|benutzer)", r"destinataire inconnu", r"no existe",
        r"usuario desconocido", r"utente sconosciuto", r"usu[aá]rio (?:desconhecido|n[aã]o)", r"pas d'abonn",
        r"inexistant", r"existiert nicht", r"ist nicht bekannt", r"wurde nicht gefunden", r"introuvable",
        r"n'existe pas", r"n’existe pas", r"não existe", r"non esiste", r"bestaat niet", r"nie istnieje",
        r"finns inte", r"не существует", r"не найден", r"不存在", r"存在しません", r"見つかりません", r"找不到",
        r"찾을 수 없",
        r"user not exist", r"no user here", r"user doesn't have", r"recipient unknown",
        r"does not have a[n]? (?:\S+ )?account", r"not our customer", r"no account by that name",
    )),
    # 554 5.7.1 Message rejected as spam; blocked using zen.example.net; Relay access denied
    (BounceReason.REFUSED_CONTENT, (
        r"\bspam", r"unsolicited", r"junk mail", r"\bbulk mail", r"\buce\b", r"spamhaus", r"spamcop", r"barracuda",
        r"\bdnsbl", r"\brbl\b", r"\bsurbl", r"sorbs", r"senderbase", r"block(?:ed|list| list)", r"black-?list",
        r"banned", r"reputation", r"listed (?:in|at|by|on)\b", r"virus", r"malware", r"malicious", r"phish",
        r"attachment type", r"executable", r"content (?:rejected|refused|filter|denied|policy|restrict)",
        r"message content", r"looks like", r"suspicio", r"polic(?:y|ies)", r"poor reputation", r"dmarc", r"\bspf\b",
        r"\bdkim", r"sender verif", r"sender address", r"sender (?:was )?(?:denied|rejected|not|is not)",
        r"unauthenticated", r"authentication (?:required|checks)", r"not authenticated",
        r"relay(?:ing)? (?:access )?(?:not permitted|denied|prohibited|not allowed)", r"relaying",
        r"unable to relay", r"not (?:authori[sz]ed|permitted|allowed)", r"permission", r"access denied",
        r"administrative(?:ly)? prohibit", r"restricted", r"message (?:was )?(?:refused|rejected)",
        r"rejected (?:for|due|because|by)", r"reverse dns", r"\bptr\b", r"abgelehnt", r"refusé", r"rechazad",
        r"отклонен", r"prohibited", r"you are not allowed", r"delivery not authorized", r"denied by",
    )),
    # 421 4.4.2 Connection timed out; retry timeout exceeded
    (BounceReason.SOFT, (
        r"timed? ?-?out", r"timeout", r"connection (?:refused|reset|lost|dropped|closed|was)",
        r"network (?:is )?unreachable", r"no route to host", r"host (?:is )?down", r"not responding", r"try again",
        r"temporar", r"too many", r"retry", r"deferr", r"loop", r"hop count", r"too many hops", r"lost connection",
        r"could not connect", r"cannot connect", r"unable to connect", r"wasn't able to establish",
        r"service unavailable", r"resources", r"later", r"still being", r"conversation with", r"lock",
        r"internal error", r"system error", r"local error",
    )),
)  # fmt: skip

#: What a status code means where the words say nothing; the first prefix that fits counts (RFC 3463, RFC 7505, IANA).
STATUS_REASONS: tuple[tuple[str, BounceReason], ...] = (
    ("5.1.7", BounceReason.REFUSED_CONTENT),  # bad sender's mailbox syntax: ours, not the recipient's
    ("5.1.8", BounceReason.REFUSED_CONTENT),  # bad sender's system address
    ("5.1.", BounceReason.HARD),  # bad destination address of any kind
    ("5.2.2", BounceReason.MAILBOX_FULL),
    ("4.2.2", BounceReason.MAILBOX_FULL),
    ("5.2.3", BounceReason.MESSAGE_TOO_LARGE),
    ("5.2.", BounceReason.HARD),  # mailbox disabled
    ("5.3.4", BounceReason.MESSAGE_TOO_LARGE),
    ("5.3.", BounceReason.SOFT),  # the mail system, not the address
    ("5.4.4", BounceReason.HARD),  # no such host
    ("5.4.3", BounceReason.HARD),  # directory has no route
    ("5.4.310", BounceReason.HARD),  # Exchange Online: the domain does not exist
    ("5.4.", BounceReason.SOFT),  # network, loops, expiry
    ("5.5.", BounceReason.SOFT),  # protocol
    ("5.6.", BounceReason.REFUSED_CONTENT),  # media
    ("5.7.", BounceReason.REFUSED_CONTENT),  # security and policy
    ("5.", BounceReason.HARD),  # the server says permanent and no more
)
