"""c_mutations.py: the mutants of a C file, one small change each.

Changes are made inside function bodies, in expressions and whole statements: never in types,
declarators, assertions, preprocessor lines, comments or strings. A change keeps every line where
it was. It is named by its function and its text, not by its place, so that the name outlives edits
elsewhere in the file.
"""

import dataclasses
import re

TOKEN = re.compile(
    r"""(?P<skip>\s+|/\*.*?\*/|//[^\n]*|^[ \t]*\#(?:\\\n|[^\n])*)
    |(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    |(?P<number>0[xX][0-9a-fA-F]+[uUlL]*|[0-9]+[uUlL]*)
    |(?P<name>[A-Za-z_]\w*)
    |(?P<mark>->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\.\.\.|.)""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)

OPERATORS = {
    "<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"),
    "==": ("!=",), "!=": ("==",), "&&": ("||",), "||": ("&&",),
    "+": ("-",), "-": ("+",), "*": ("/",), "/": ("*",), "%": ("/",),
    "<<": (">>",), ">>": ("<<",), "&": ("|",), "|": ("&",), "^": ("|",),
    "++": ("--",), "--": ("++",), "+=": ("-=",), "-=": ("+=",), "*=": ("/=",),
    "|=": ("&=",), "&=": ("|=",), "^=": ("|=",),
}  # fmt: skip
RELATIONS = ("<", "<=", ">", ">=", "==", "!=")
UNARY_TOO = ("*", "&", "-", "+")
KEYWORDS = ("return", "case", "sizeof", "if", "while", "for", "switch", "do", "else")
NO_CALLS = (*KEYWORDS, "assert", "_Alignas", "_Static_assert", "defined")
TYPE_WORD = re.compile(r"(const|static|struct|enum|union|unsigned|int|char|bool|void|volatile|"
                       r"size_t|u?int(8|16|32|64|ptr)_t)$")  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int
    end: int


@dataclasses.dataclass(frozen=True)
class Mutant:
    file: str
    line: int
    function: str
    before: str  # the line, or the statement, as it is
    after: str  # and as it becomes
    start: int  # the bytes that are replaced
    end: int
    text: str  # by this
    turn: int  # 1 for the first change of these texts in its function

    def key(self):
        return self.function, self.before, self.after, self.turn

    def change(self):
        again = f" ({self.turn})" if self.turn > 1 else ""
        return f"`{self.before}` -> `{self.after}`{again}"


def tokens_of(source):
    return [
        Token(found.lastgroup, found.group(), found.start(), found.end())
        for found in TOKEN.finditer(source)
        if found.lastgroup != "skip"
    ]


def closing(tokens, at):
    """The index of the bracket that closes the one at AT."""
    depth = 0
    for i in range(at, len(tokens)):
        if tokens[i].text in "([{":
            depth += 1
        elif tokens[i].text in ")]}":
            depth -= 1
            if depth == 0:
                return i
    raise ValueError("unbalanced brackets")


def functions(tokens):
    """(name, index of the opening brace, index of the closing one) of each function."""
    i, name = 0, None
    while i < len(tokens):
        text = tokens[i].text
        if text == "(":
            if name is None and tokens[i - 1].kind == "name":
                name = tokens[i - 1].text
            i = closing(tokens, i)
        elif text == "{":
            end = closing(tokens, i)
            if tokens[i - 1].text == ")":
                yield name, i, end
            i, name = end, None
        elif text in (";", "="):
            name = None
        i += 1


def split(tokens, begin, end, mark):
    """The parts of tokens[begin:end] between MARKs outside brackets, as (begin, end)."""
    part, i = begin, begin
    while i < end:
        if tokens[i].text in "([{":
            i = closing(tokens, i)
        elif tokens[i].text == mark:
            yield part, i
            part = i + 1
        i += 1
    yield part, end


class Body:
    """The statements of one function: its expressions, conditions, and what can be deleted."""

    def __init__(self, tokens, begin, end):
        self.tokens = tokens
        self.expressions, self.conditions, self.deletable = [], [], []
        at = begin + 1
        while at < end:
            at = self.statement(at)

    def statement(self, at):
        """Take in the statement at AT; the index behind it."""
        text = self.tokens[at].text
        if text == "{":
            end = closing(self.tokens, at)
            at += 1
            while at < end:
                at = self.statement(at)
            return end + 1
        if text in ("if", "while", "switch", "for"):
            return self.headed(at)
        if text in ("else", "do"):
            return self.statement(at + 1)
        if text in ("case", "default"):
            while self.tokens[at].text != ":":
                at += 1
            return self.statement(at + 1) if self.tokens[at + 1].text != "}" else at + 1
        return self.plain(at)

    def headed(self, at):
        head, end = at + 1, closing(self.tokens, at + 1)
        if self.tokens[at].text == "for":
            first, middle, last = split(self.tokens, head + 1, end, ";")
            self.declaration_or_expression(*first)
            self.condition(*middle)
            self.expressions.append(last)
        elif self.tokens[at].text == "switch":
            self.expressions.append((head + 1, end))
        else:
            self.condition(head + 1, end)
        return self.statement(end + 1)

    def condition(self, begin, end):
        self.expressions.append((begin, end))
        if begin < end:
            self.conditions.append((begin, end))

    def plain(self, at):
        end = next(split(self.tokens, at, len(self.tokens), ";"))[1]
        if not self.declaration_or_expression(at, end) and end > at:
            self.deletable.append((at, end))
        return end + 1

    def declaration_or_expression(self, begin, end):
        """Take in the expressions of tokens[begin:end]; whether it declares something."""
        if not self.declares(begin, end):
            self.expressions.append((begin, end))
            return False
        for part in split(self.tokens, begin, end, ","):
            for i in range(*part):
                if self.tokens[i].text == "=":
                    self.expressions.append((i + 1, part[1]))
                    break
        return True

    def declares(self, begin, end):
        if end - begin < 2 or self.tokens[begin].kind != "name":
            return False
        if TYPE_WORD.match(self.tokens[begin].text):
            return True
        second = self.tokens[begin + 1]
        return self.tokens[begin].text not in KEYWORDS and (second.kind == "name" or second.text == "*")


def is_cast(tokens, at):
    """Whether the bracket that closes at AT ends a type in brackets."""
    begin, depth = at, 0
    while True:
        depth += (tokens[begin].text == ")") - (tokens[begin].text == "(")
        if depth == 0:
            break
        begin -= 1
    inside = tokens[begin + 1 : at]
    if tokens[begin - 1].kind == "name" and tokens[begin - 1].text not in KEYWORDS:
        return False
    return bool(inside) and (
        bool(TYPE_WORD.match(inside[0].text))
        or inside[-1].text == "*"
        or (len(inside) == 1 and re.match(r"[A-Z][A-Z_0-9]*$", inside[0].text) is not None)
    )


def is_binary(tokens, at):
    before, after = tokens[at - 1], tokens[at + 1]
    if after.text in (")", ","):
        return False
    if before.text == ")":
        return not is_cast(tokens, at - 1)
    return before.kind == "number" or before.text == "]" or (before.kind == "name" and before.text not in KEYWORDS)


def other_numbers(text):
    digits = text.rstrip("uUlL")
    value = int(digits, 16) if digits[:2] in ("0x", "0X") else int(digits)
    form = "0x%X" if digits[:2] in ("0x", "0X") else "%d"
    return [form % other + text[len(digits) :] for other in (value - 1, value + 1) if other >= 0]


def other_token(tokens, at):
    """What may stand in place of the token at AT."""
    token = tokens[at]
    if token.kind == "number":
        return other_numbers(token.text)
    if token.text in ("true", "false"):
        return ["false" if token.text == "true" else "true"]
    if token.text.startswith("RULE_") and token.text not in ("RULE_NONE", "RULE_COUNT"):
        return ["RULE_NONE"]
    if token.text == "!":
        return [""]
    if token.text in UNARY_TOO and not is_binary(tokens, at):
        return []
    return OPERATORS.get(token.text, ())


def expression_changes(tokens, source, begin, end):
    """(first token, last token, replacement) for every change inside an expression."""
    i = begin
    while i < end:
        if tokens[i].text == "assert":
            i = closing(tokens, i + 1)
            continue
        for other in other_token(tokens, i):
            yield i, i, other
        if tokens[i].kind == "name" and tokens[i].text not in NO_CALLS and tokens[i + 1].text == "(":
            yield from swaps(tokens, source, i + 1)
        i += 1


def swaps(tokens, source, bracket):
    """Neighbouring arguments, exchanged."""

    def text_of(part):
        return source[tokens[part[0]].start : tokens[part[1] - 1].end]

    parts = [part for part in split(tokens, bracket + 1, closing(tokens, bracket), ",") if part[0] < part[1]]
    for one, two in zip(parts, parts[1:]):
        first, between, second = text_of(one), source[tokens[one[1] - 1].end : tokens[two[0]].start], text_of(two)
        if first != second:
            yield one[0], two[1] - 1, second + between + first


def negations(tokens, source, conditions):
    """Conditions, negated where no single operator does that already."""
    for begin, end in conditions:
        marks = [token.text for token in tokens[begin:end]]
        if ("&&" in marks or "||" in marks) or not (marks[0] == "!" or any(mark in RELATIONS for mark in marks)):
            yield begin, end - 1, f"!({source[tokens[begin].start : tokens[end - 1].end]})"


def deletions(tokens, source, deletable):
    for begin, end in deletable:
        if tokens[begin].text != "assert":
            yield begin, end - 1, "\n" * source.count("\n", tokens[begin].start, tokens[end - 1].end)


def plain(text):
    return " ".join(text.split())


def described(source, start, end, text):
    """The lines around source[start:end] as they are and as they become."""
    first = source.rfind("\n", 0, start) + 1
    last = source.find("\n", end)
    return plain(source[first:last]), plain(source[first:start] + text + source[end:last])


def mutants_of(file, source):
    """Every mutant of a C file, in the order of its text."""
    tokens = tokens_of(source)
    seen = {}
    result = []
    for function, begin, end in functions(tokens):
        body = Body(tokens, begin, end)
        changes = [change for part in body.expressions for change in expression_changes(tokens, source, *part)]
        changes += negations(tokens, source, body.conditions)
        changes += deletions(tokens, source, body.deletable)
        for first, last, text in sorted(set(changes)):
            start, stop = tokens[first].start, tokens[last].end
            before, after = described(source, start, stop, text)
            turn = seen[function, before, after] = seen.get((function, before, after), 0) + 1
            line = source.count("\n", 0, start) + 1
            result.append(Mutant(file, line, function, before, after, start, stop, text, turn))
    return result
