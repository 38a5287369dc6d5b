"""What a mail server answered, read from the error text Odoo keeps of it."""

import smtplib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.smtp import Answer, read_answer

HEAD = "Mail Delivery Failed\nMail delivery failed via SMTP server 'x'.\n"


def _said(error):
    return f"{HEAD}{type(error).__name__}: {error}"


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (
            smtplib.SMTPRecipientsRefused(
                {"a@b.example": (550, b"5.1.1 No such\n user")}
            ),
            Answer(550, "5.1.1 No such user", recipient=True),
        ),
        (smtplib.SMTPDataError(554, b"Spam"), Answer(554, "Spam")),
        (smtplib.SMTPDataError(451, 'it\'s "busy"'), Answer(451, 'it\'s "busy"')),
        (
            smtplib.SMTPSenderRefused(501, b"Who?", "me@x.example"),
            Answer(501, "Who?"),
        ),
        (smtplib.SMTPDataError(554, b"\xe9\xff"), Answer(554, "\ufffd\ufffd")),
    ],
)
def test_answers(error, answer):
    assert read_answer(_said(error)) == answer


@pytest.mark.parametrize(
    "error",
    [
        None,
        "",
        "Connection refused",
        HEAD,
        HEAD + "SMTPServerDisconnected: Connection unexpectedly closed",
        HEAD + "SMTPRecipientsRefused: {}",
        HEAD + "SMTPRecipientsRefused: {'a': 1}",
        HEAD + "SMTPDataError: (554, b'cut o",
        HEAD + "SMTPDataError: ('554', b'text')",
    ],
)
def test_no_answer(error):
    assert read_answer(error) is None


@pytest.mark.parametrize(
    ("code", "text", "final", "blames"),
    [
        (550, "5.1.1 No such user", True, True),
        (550, "5.1.10 Null MX", True, True),
        (553, "5.1.3 Bad syntax", True, True),
        (450, "4.1.1 Try later", False, False),
        (450, "5.1.1 does not fit", False, False),
        (550, "No such user", True, False),
        (550, "5.7.1 Relaying denied", True, False),
        (550, "5.1.8 Sender has no address", True, False),
        (552, "5.2.2 Mailbox full", True, False),
        (550, "", True, False),
    ],
)
def test_what_it_means(code, text, final, blames):
    answer = Answer(code, text, recipient=True)
    assert (answer.is_final, answer.blames_address) == (final, blames)
    assert not Answer(code, text).blames_address, "said to the message"


@given(st.text())
def test_never_fails(text):
    read_answer(text)
    read_answer(f"SMTPDataError: {text}")
    read_answer(f"SMTPDataError: ({text})")


@given(st.integers(400, 599), st.binary())
def test_reads_whatever_a_server_says(code, text):
    answer = read_answer(_said(smtplib.SMTPDataError(code, text)))
    assert answer.code == code
    assert answer.text == " ".join(text.decode("utf-8", "replace").split())
