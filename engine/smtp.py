"""What a mail server answered, read from the error text Odoo keeps of it."""

import re
from ast import literal_eval
from dataclasses import dataclass

#: enhanced status codes (RFC 3463) that blame the address of the recipient
ADDRESS_CODES = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"}


@dataclass(frozen=True)
class Answer:
    """A refusal in the words of the mail server.

    :ivar code: three digits; from 500 on it is for good, below the server asks to try
        again later.
    :ivar text: what follows the code, in one line.
    :ivar recipient: it was said to the address, not to the message or the sender.
    """

    code: int
    text: str
    recipient: bool = False

    @property
    def is_final(self):
        """Whether trying again is pointless."""
        return self.code >= 500

    @property
    def blames_address(self):
        """Whether it says that the address itself is wrong.

        Only where the server says so with an enhanced status code: a plain 550 is also
        what a server answers that does not take our mail for anybody.
        """
        return (
            self.is_final
            and self.recipient
            and self.text.split(" ", 1)[0] in ADDRESS_CODES
        )


def read_answer(error):
    """Find the answer of a mail server in an error of Python's ``smtplib``.

    :param error: text that ends with the name of the exception and its arguments, like
        ``SMTPRecipientsRefused: {'a@b.example': (550, b'5.1.1 No such user')}``.
    :return: an :class:`Answer`, or ``None`` if there is none in it.
    """
    found = re.search(r"\bSMTP(\w+): ([({].*)", error or "", re.DOTALL)
    if not found:
        return None
    try:
        said = literal_eval(found[2].strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    recipient = isinstance(said, dict)
    if recipient:
        said = next(iter(said.values()), None)
    if not (isinstance(said, tuple) and len(said) >= 2 and isinstance(said[0], int)):
        return None
    code, text = said[:2]
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return Answer(code, " ".join(str(text).split()), recipient)
