"""Mails as machines write them: made up after those of Postfix, Exim, qmail, Exchange, QQ, 163 and Coremail, and their like."""

from email.message import EmailMessage

OURS = "<k1@example.gov.cn>"
GONE = "gaj@example.gov.cn"
RETURNED = (
    f"Message-ID: {OURS}\r\nFrom: office@example.gov.cn\r\nTo: {GONE}\r\n"
    "Subject: =?utf-8?B?5YKs5Yqe?=\r\nAuto-Submitted: auto-generated\r\n"
)


def report(sender: str, subject: str, words: str, fields: str, returned: str = RETURNED, kind: str = "delivery-status") -> bytes:
    """Return a report after RFC 3464: words for people, fields for programs, and the head of the letter."""
    return (
        f"Return-Path: <>\r\nFrom: {sender}\r\nTo: office@example.gov.cn\r\nSubject: {subject}\r\n"
        "Auto-Submitted: auto-replied\r\n"
        f"MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type={kind}; boundary=b\r\n\r\n"
        f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n"
        f"--b\r\nContent-Type: message/{kind}\r\n\r\nReporting-MTA: dns; mx.example.gov.cn\r\n\r\n{fields}\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{returned}\r\n--b--\r\n"
    ).encode()


def plain(sender: str, subject: str, text: str, charset: str = "utf-8", **headers: str) -> bytes:
    """Return a report in words alone."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "office@example.gov.cn", subject
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text, charset=charset, cte="base64")
    return mail.as_bytes()


def _failed(status: str, said: str, action: str = "failed") -> str:
    return f"Final-Recipient: rfc822; {GONE}\r\nAction: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {said}\r\n"


# what came back, and the reason an officer reads
BOUNCES = {
    "postfix": (
        report(
            "MAILER-DAEMON@mx.example.gov.cn (Mail Delivery System)",
            "Undelivered Mail Returned to Sender",
            f"<{GONE}>: host mx.example.gov.cn said: 550 5.1.1 User unknown",
            _failed("5.1.1", f"550 5.1.1 <{GONE}>: Recipient address\r\n    rejected: User unknown in virtual mailbox table"),
        ),
        "收件地址不存在（5.1.1）",
    ),
    "postfix gave up": (
        report(
            "MAILER-DAEMON@mx.example.gov.cn",
            "Undelivered Mail Returned to Sender",
            "connect to mx: Connection timed out",
            _failed("4.4.1", "connect to mx.example.gov.cn[192.0.2.1]:25: Connection timed out"),
        ),
        "对方邮件服务器长时间连不上或不接收（4.4.1）",
    ),
    "exchange": (
        report(
            "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.gov.cn>",
            "=?utf-8?B?5pyq6YCB6L6+OiDlgqzlip4=?=",
            "邮件无法传递给以下收件人或组：邮箱已满。",
            _failed("5.2.2", "550 5.2.2 mailbox full"),
        ),
        "对方邮箱已满（5.2.2）",
    ),
    "utf-8 report": (
        report("postmaster@example.gov.cn", "Delivery failure", "failed", _failed("5.0.0", "554 spam detected")).replace(
            b"message/delivery-status", b"message/global-delivery-status"
        ),
        "对方服务器拒收，可能被当作垃圾邮件",
    ),
    "exim": (
        plain(
            "Mail Delivery System <Mailer-Daemon@mx.example.gov.cn>",
            "Mail delivery failed: returning message to sender",
            "This message was created automatically by mail delivery software.\n\n"
            "A message that you sent could not be delivered\n"
            f"to one or more of its recipients:\n\n  {GONE}\n    SMTP error from remote mail server after RCPT TO:<{GONE}>:\n"
            f"    550 No such user here\n\n"
            f"------ This is a copy of your message, including all the headers. ------\n\n{RETURNED}",
            X_Failed_Recipients=GONE,
            Auto_Submitted="auto-replied",
        ),
        "收件地址不存在",
    ),
    "qmail": (
        plain(
            "MAILER-DAEMON@mx.example.gov.cn",
            "failure notice",
            "Hi. This is the qmail-send program at mx.example.gov.cn.\n"
            "I'm afraid I wasn't able to deliver your message to the "
            f"following addresses.\n\n<{GONE}>:\n"
            "192.0.2.1 failed after I sent the message.\nRemote host said: 552 Quota exceeded\n",
            Return_Path="<>",
        ),
        "对方邮箱已满",
    ),
    "qq": (
        plain(
            "PostMaster@qq.com",
            "系统退信",
            f"抱歉，您的邮件被退回来了……\n原邮件信息：\n收件人：{GONE}\n退信原因：\n收件人邮件地址（{GONE}）不存在，邮件无法送达。\n"
            f"host mx3.qq.com said: 550 Mailbox not found (in reply to RCPT TO command)",
            "gb18030",
        ),
        "收件地址不存在",
    ),
    "163": (
        plain(
            "Postmaster@163.com",
            "系统退信",
            f"您好！\n很抱歉，您的邮件未能成功发送到以下地址：\n{GONE}\n可能原因：收件人邮箱容量不足。\n"
            "英文说明：Requested mail action aborted\n",
            "gb18030",
            Return_Path="<>",
        ),
        "对方邮箱已满",
    ),
    "coremail": (
        plain(
            "postmaster@mail.example.gov.cn",
            "系统退信/Systems bounce",
            f"邮件投递失败。收件人 <{GONE}> 所在的服务器拒收了这封信。",
            Return_Path="<>",
        ),
        "对方服务器拒收，可能被当作垃圾邮件",
    ),
}

# written by machines, and no letter of ours is lost
OTHERS = {
    "delayed, a report": report(
        "MAILER-DAEMON@mx.example.gov.cn",
        "Delayed Mail (still being retried)",
        "Your message could not be delivered for 4 hours. It will be retried.",
        _failed("4.4.1", "timed out", "delayed"),
    ),
    "delayed, in words": plain(
        "Mailer-Daemon@mx.example.gov.cn",
        "Warning: message 1kVx delayed 24 hours",
        f"A message that you sent has not yet been delivered to {GONE}. Delivery attempts will continue.",
    ),
    "delivered": report("postmaster@example.gov.cn", "Successful Mail Delivery", "ok", _failed("2.0.0", "250 ok", "delivered")),
    "read": report(
        GONE,
        "Read: x",
        "read",
        "Disposition: automatic-action/MDN-sent-automatically; displayed",
        kind="disposition-notification",
    ),
    "vacation": plain(GONE, "Re: x", "我在休假。", Auto_Submitted="auto-replied (vacation)", Precedence="bulk"),
    "autoreply by subject": plain(GONE, "自动回复：【催办】放心消费", "来信收到，稍后回复。"),
    "autoreply of an old program": plain(GONE, "x", "out", X_Autoreply="yes"),
    "exchange out of office": plain(GONE, "Automatic reply: x", "I am out.", X_Auto_Response_Suppress="All"),
    "list": plain("list@example.com", "通讯", "本期要目", List_Id="<list.example.com>"),
}

# by people, though they speak of such things
PEOPLE = {
    "answers an automatic reply": plain(GONE, "Re: 自动回复：报表", "已回来上班，报表见附件。"),
    "asks about a bounce": plain(GONE, "Re: 系统退信", f"我的信发到 {GONE} 被退回来了，地址不存在，请问是什么原因？"),
    "says no machine wrote it": plain(GONE, "报表", "见附件。", Auto_Submitted="no"),
    "forwards a bounce": (
        f"From: {GONE}\r\nTo: office@example.gov.cn\r\nSubject: Fwd\r\nContent-Type: multipart/mixed; boundary=f\r\n\r\n"
        "--f\r\nContent-Type: text/plain\r\n\r\nsee\r\n--f\r\nContent-Type: message/rfc822\r\n\r\n"
    ).encode()
    + report("MAILER-DAEMON@mx.example.gov.cn", "Undelivered", "x", _failed("5.1.1", "550"))
    + b"\r\n--f--\r\n",
}
