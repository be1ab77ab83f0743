"""By what a bounce is known before its text is read: its subject and its sender, as two tables to extend."""

from __future__ import annotations

#: Beginnings of the subjects of bounces, casefolded.
SUBJECTS: tuple[str, ...] = (
    "undelivered mail returned to sender", "undeliverable", "undelivered", "delivery status notification",
    "delivery failure", "delivery failed", "delivery notification", "delivery problem", "delivery error",
    "delivery report", "mail delivery failed", "mail delivery failure", "mail delivery problem",
    "mail delivery error", "mail delivery system", "mail delivery notification", "mail system error", "mail failure",
    "mail undeliverable", "message delivery failure", "message undeliverable", "message delivery",
    "message not delivered", "message you sent blocked", "failure notice", "failure delivery", "failed mail",
    "failed delivery", "failed to deliver", "failed recipient", "failed mail returned", "returned mail",
    "returned to sender", "returned message", "nondeliverable mail", "nondelivery", "non-delivery", "non delivery",
    "non recapitabile", "delivery delayed", "delayed mail", "delivery has been delayed", "delivery is delayed",
    "warning: message", "warning: could not send", "mail could not be delivered", "could not deliver",
    "unable to deliver", "unzustellbar", "nicht zustellbar", "zustellung fehlgeschlagen", "mail nicht zugestellt",
    "unzustellbare", "zustellfehler", "mailer daemon", "non remis", "non distribuable", "échec de la remise",
    "échec de remise", "notification d'état", "no se puede entregar", "no entregado", "no se entregó", "devuelto",
    "mensaje no entregado", "não entregue", "não é possível entregar", "falha na entrega", "mensagem não entregue",
    "impossibile recapitare", "mancato recapito", "onbestelbaar", "niet bezorgd", "nie można dostarczyć",
    "niedostarczalne", "niedostarczon", "nedoručiteln", "nedoručitelná", "går inte att leverera",
    "det går inte att leverera", "olevererat", "kan ikke leveres", "kunne ikke leveres", "ei voi toimittaa",
    "toimittaminen ei onnistunut", "kézbesíthetetlen", "недоставленное", "не удается доставить", "не доставлено",
    "сообщение не доставлено", "недоставлен", "teslim edilemeyen", "teslim edilemedi", "iletilemedi", "μη παραδοτέο",
    "nelivrabil", "配信不能", "配信できません", "未送達", "未傳遞", "无法投递", "系统退信", "退信", "未送达",
    "傳送失敗", "無法傳遞", "배달되지 않음", "배달 못함",
    "전송 실패", "לא ניתן למסירה", "تعذر التسليم", "không gửi được", "tidak terkirim", "mdaemon warning",
    "permanent delivery failure", "notification: delivery", "rejected mail", "your message to",
    "e-mail delivery failure", "email delivery failure", "email delivery error", "undeliverable mail",
    "considered unsolicited", "user unknown", "non-délivrance", "delivery unsuccessful",
    "unsuccessful mail delivery", "mail returned", "your mail could not", "returned e-mail",
    "message status - undeliverable", "error sending", "delivery confirmation - failed", "bounced", "mail error",
    "warning - delayed", "message undelivered", "smtp error",
    "error delivering", "send failure",
)  # fmt: skip

#: Local parts from which only mail systems write, casefolded.
DAEMONS: frozenset[str] = frozenset({
    "mailer-daemon", "mail-daemon", "mailerdaemon", "mailer_daemon", "mdaemon", "mmdf", "maildelivery",
    "mail-delivery-system", "mail-delivery-subsystem", "postmaster", "mail.delivery.system", "bounce-notification",
    "mailsystem", "mail_system", "mailer", "bounces", "mxdaemon", "smtp-error", "smtpadmin", "emaildeliverysystem",
})  # fmt: skip
