import smtplib
from email.message import EmailMessage
for n in (1, 300):
    m = EmailMessage(); m["From"] = "a@x.org"; m["To"] = "b@y.org"; m["Subject"] = "Grüße"
    m.set_content("line of text\n" * n)
    with smtplib.SMTP("127.0.0.1", 20410) as s:
        s.send_message(m)
        print(s.docmd("FOO"))
