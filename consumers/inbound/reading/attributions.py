"""How mail clients introduce what they quote, by language: `On … X wrote:`, and the header lines of Outlook.

Three tables to extend, a row or a word at a time; docs/replies.md says how. They are data: how lines are judged by
them stands in `quotes`.
"""

from __future__ import annotations

#: Words of the attribution line, by language, casefolded: the verb that says that somebody wrote.
WROTE: dict[str, tuple[str, ...]] = {
    "en": ("wrote", "writes"),  # On Mon, 30 Nov 2026 at 10:00, Ann <ann@example.com> wrote:
    "de": ("schrieb", "geschrieben", "schreibt"),  # Am Mo., 30. Nov. 2026 um 10:00 Uhr schrieb Ann <…>:
    "fr": ("a écrit", "écrit"),  # Le lun. 30 nov. 2026 à 10:00, Ann <…> a écrit :
    "es": ("escribió", "escribio", "escribiste"),  # El lun, 30 nov 2026 a las 10:00, Ann (<…>) escribió:
    "pt": ("escreveu",),  # Em seg., 30 de nov. de 2026 às 10:00, Ann <…> escreveu:
    "it": ("ha scritto", "scrive", "scrisse"),  # Il giorno lun 30 nov 2026 alle ore 10:00 Ann <…> ha scritto:
    "nl": ("schreef", "heeft het volgende geschreven"),  # Op ma 30 nov 2026 om 10:00 schreef Ann <…>:
    "pl": ("napisał", "pisze"),  # pon., 30 lis 2026 o 10:00 Ann <…> napisał(a):
    "cs": ("napsal", "píše"),  # po 30. 11. 2026 v 10:00 odesílatel Ann <…> napsal:
    "sk": ("napísal", "píše"),  # po 30. 11. 2026 o 10:00 Ann <…> napísal(a):
    "hu": ("írta", "ezt írta"),  # Ann <…> ezt írta (időpont: 2026. nov. 30., H, 10:00):
    "ro": ("a scris",),  # În lun., 30 nov. 2026 la 10:00, Ann <…> a scris:
    "sv": ("skrev",),  # Den mån 30 nov. 2026 kl 10:00 skrev Ann <…>:
    "da": ("skrev",),  # Den man. 30. nov. 2026 kl. 10.00 skrev Ann <…>:
    "nb": ("skrev",),  # man. 30. nov. 2026 kl. 10:00 skrev Ann <…>:
    "fi": ("kirjoitti",),  # ma 30. marrask. 2026 klo 10.00 Ann (…) kirjoitti:
    "et": ("kirjutas",),  # Kuupäev E, 30. november 2026 kell 10:00 kirjutas Ann <…>:
    "lt": ("rašė", "parašė"),  # 2026-11-30, pr, 10:00 Ann <…> rašė:
    "lv": ("rakstīja",),  # pirmd., 2026. g. 30. nov., plkst. 10:00 — lietotājs Ann (<…>) rakstīja:
    "hr": ("napisao", "napisala", "je napisao/la"),  # pon, 30. stu 2026. u 10:00 Ann <…> napisao je:
    "sl": ("je napisal", "je napisala"),  # V pon., 30. nov. 2026 ob 10:00 je oseba Ann <…> napisala:
    "ca": ("va escriure",),  # El dl., 30 de nov. 2026, 10:00, Ann <…> va escriure:
    "tr": ("yazdı", "şunu yazdı", "şunları yazdı"),  # Ann <…>, 30 Kas 2026 Pzt, 10:00 tarihinde şunu yazdı:
    "ru": ("написал", "написала", "пишет", "писал"),  # пн, 30 нояб. 2026 г., 10:00 Ann <…>:
    "uk": ("пише", "написав", "написала"),  # пн, 30 лист. 2026 р. о 10:00 Ann <…> пише:
    "bg": ("написа", "написал"),  # На пн, 30.11.2026 г. в 10:00 ч. Ann <…> написа:
    "sr": ("је написао", "је написала"),  # пон, 30. нов 2026. у 10:00 Ann <…> је написао/ла:
    "el": ("έγραψε",),  # Στις Δευ 30 Νοε 2026 στις 10:00 π.μ., ο/η Ann <…> έγραψε:
    "he": ("כתב", "כתבה", "מאת"),  # בתאריך יום ב׳, 30 בנוב׳ 2026 ב-10:00 מאת Ann <…>:
    "ar": ("كتب", "كتبت"),  # في الاثنين، 30 نوفمبر 2026 10:00 ص كتب Ann <…>:
    "fa": ("نوشت",),  # در دوشنبه ۳۰ نوامبر ۲۰۲۶ ساعت 10:00 Ann <…> نوشت:
    "vi": ("đã viết",),  # Vào Th 2, 30 thg 11, 2026 vào lúc 10:00 Ann <…> đã viết:
    "id": ("menulis",),  # Pada tanggal Sen, 30 Nov 2026 pukul 10.00 Ann <…> menulis:
    "th": ("เขียนว่า",),  # ในวันที่ จ. 30 พ.ย. 2026 เวลา 10:00 Ann <…> เขียนว่า:
    "ja": ("のメール", "書きました", "wrote"),  # 2026年11月30日(月) 10:00 Ann <…>:
    "zh": ("写道", "寫道", "于", "來信"),  # Ann <…> 于2026年11月30日周一 10:00写道：
    "ko": ("작성", "님이 작성"),  # 2026년 11월 30일 (월) 오전 10:00, Ann <…>님이 작성:
}

#: Labels of the header lines that Outlook, Notes and phones put above the old mail, casefolded, by meaning.
LABELS: dict[str, tuple[str, ...]] = {
    "from": (
        "from", "von", "de", "da", "van", "od", "från", "fra", "lähettäjä", "feladó", "от", "від", "kimden",
        "gönderen", "από", "de la", "expéditeur", "remitente", "mittente", "afzender", "差出人", "发件人", "寄件者",
        "보낸 사람",
        "보낸사람", "מאת", "من", "từ", "dari", "จาก", "saatja", "nuo", "no", "odesílatel", "отправитель", "expeditor",
        "送信者",
    ),
    "sent": (
        "sent", "date", "gesendet", "datum", "envoyé", "envoyé le", "date d'envoi", "enviado", "enviado el",
        "enviada", "enviada em", "enviado em", "fecha", "data", "inviato", "verzonden", "wysłano", "wysłane",
        "odesláno", "odoslané", "dátum", "skickat", "sendt", "dato", "lähetetty", "päivämäärä", "küldve", "elküldve",
        "отправлено", "дата", "надіслано", "gönderildi", "gönderilme", "gönderme tarihi", "tarih", "στάλθηκε",
        "ημερομηνία", "trimis", "送信日時", "日時", "日付", "发送时间", "日期", "寄件日期", "보낸 날짜", "보낸날짜",
        "날짜", "נשלח", "תאריך",
        "تم الإرسال", "أرسلت", "التاريخ", "đã gửi", "ngày", "dikirim", "tanggal", "ส่ง", "วันที่", "poslano",
        "saadetud", "išsiųsta", "изпратено", "enviat",
    ),
    "to": (
        "to", "an", "à", "para", "a", "aan", "do", "komu", "till", "til", "vastaanottaja", "címzett", "кому", "до",
        "kime", "alıcı", "προς", "către", "宛先", "收件人", "收件者", "받는 사람", "받는사람", "אל", "إلى", "đến",
        "kepada", "ถึง",
        "za", "prima", "per", "destinatario", "destinataire", "kam", "kellele",
    ),
    "subject": (
        "subject", "betreff", "objet", "asunto", "assunto", "oggetto", "onderwerp", "temat", "předmět", "predmet",
        "ämne", "emne", "aihe", "tárgy", "тема", "относно", "konu", "θέμα", "subiect", "件名", "主题", "主旨", "제목",
        "נושא", "الموضوع", "chủ đề", "subjek", "เรื่อง", "zadeva", "teema", "tema", "assumpte",
    ),
    "cc": (
        "cc", "kopie", "copie", "kopia", "kopi", "копия", "копія", "抄送", "副本", "참조", "bilgi", "dw", "w dniu",
        "cópia",
    ),
}  # fmt: skip

#: What stands between dashes above an old mail, casefolded: `-----Original Message-----`.
SEPARATORS: tuple[str, ...] = (
    "original message", "original-nachricht", "ursprüngliche nachricht", "originalnachricht",
    "weitergeleitete nachricht", "message d'origine", "message original", "message transféré", "mensaje original",
    "mensaje reenviado", "mensagem original", "mensagem encaminhada", "messaggio originale", "messaggio inoltrato",
    "messaggio di risposta", "oorspronkelijk bericht", "origineel bericht", "doorgestuurd bericht",
    "wiadomość oryginalna", "oryginalna wiadomość", "wiadomość przekazana", "původní zpráva", "původní e-mail",
    "pôvodná správa", "ursprungligt meddelande", "originalmeddelande", "vidarebefordrat meddelande",
    "oprindelig meddelelse", "original meddelelse", "opprinnelig melding", "alkuperäinen viesti", "eredeti üzenet",
    "исходное сообщение", "пересылаемое сообщение", "оригинальное сообщение", "оригінальне повідомлення",
    "orijinal mesaj", "özgün ileti", "αρχικό μήνυμα", "mesaj original", "izvorna poruka", "元のメッセージ",
    "原始邮件", "原始郵件",
    "转发邮件", "원본 메시지", "원본 이메일", "הודעה מקורית", "الرسالة الأصلية", "thư gốc", "pesan asli",
    "forwarded message",
    "forwarded by", "reply message", "original email", "original appointment", "antwort nachricht",
    "missatge original",
)  # fmt: skip

#: Lines that introduce a forwarded mail without dashes (Apple Mail), casefolded.
FORWARDS: tuple[str, ...] = (
    "begin forwarded message:", "anfang der weitergeleiteten nachricht:", "début du message réexpédié :",
    "début du message transféré :", "inicio del mensaje reenviado:", "inizio messaggio inoltrato:",
    "begin doorgestuurd bericht:", "início da mensagem reencaminhada:", "vidarebefordrat brev:", "转发的邮件：",
)  # fmt: skip
