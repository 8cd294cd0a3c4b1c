"""What refusals say in words, where servers send no code that tells: read here, in one place.

No list of wordings is complete. What none of them fits is ``UNCLEAR``, and another target is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_GAP = r"[^!?\n]"  # what stands between two words of one sentence; names and numbers have dots
_NOT = r"(?:\bnot|n['\u2019]t|\bnever|\bno longer|\bcannot|\bcan not)\b"
_REFUSED = (
    r"(?:support\w*|allow\w*|permit\w*|accept\w*|recogni[sz]\w*|available|enabled|compatible"
    r"|implemented|used|a valid (?:parameter|argument|field|property|option|key))\b"
)
_REFUSES = (
    r"(?:support|accept|allow|permit|take|recogni[sz]e|handle|have|process|enable)(?:s|ed|ing)?\b"
)
_IS_NOT = (
    rf"(?:{_NOT}(?: \S+){{0,3}}? {_REFUSED}|\b(?:unsupported|unavailable|deprecated|disabled)\b)"
)

# ---- what a model cannot do

_TOOLS = r"(?:tools?|functions?)(?:[ _-]?(?:use|using|usage|calls?|calling))?(?![\w-])"
_IMAGES = r"(?:images?|image[ _-](?:urls?|inputs?)|vision|pictures?|multi-?modal\w*)(?![\w-])"


def _lacks(noun: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?i)(?:{_NOT} (?:\w+ )?{_REFUSES}|\b(?:no|without) (?:\S+ ){{0,4}}?support\w*)"
        rf"(?: \S+){{0,4}}? ['\"`]?{noun}"
        rf"|(?<![\w'\"`-]){noun}(?: \S+){{0,3}}? (?:is|are|be)(?:n['\u2019]t| not| only)"
        rf"(?: \S+){{0,2}}? (?:supported|available|enabled|allowed|accepted|permitted)\b"
        rf"|\bunsupported (?:\S+ ){{0,2}}?{noun}"
    )


_LACKS = (
    ("tools", _lacks(_TOOLS)),
    (
        "tools",  # Groq's quoted phrase; llama.cpp's server without --jinja, under 500 too
        re.compile(
            r"(?i)['\"`](?:tool|function)[ _-](?:use|usage|calls?|calling)['\"`] (?:is|are)"
            r"(?:n['\u2019]t| not) (?:supported|available|enabled|allowed)\b"
            rf"|(?<![\w'\"`-]){_TOOLS}(?: \S+){{0,4}}? (?:is|are) unsupported\b"
            r"|\bcannot (?:use|call) (?:tools|functions)\b"
            r"|\btools? param(?:eter)?s? requires? --jinja\b"
        ),
    ),
    ("image_url", _lacks(_IMAGES)),
    (
        "image_url",  # vLLM's, and Ollama's
        re.compile(
            r"(?i)\bnot an? (?:multi-?modal|vision)\b(?: \S+){0,2}? model\b"
            r"|\bat most 0 images?\b|\bunknown (?:content )?(?:part )?type:? ['\"`]?image"
            r"|\bmissing data required for image input\b"
        ),
    ),
)
# What is wrong with this one image or list of tools is no lack of the model's.
_THIS_ONE = re.compile(
    r"(?i)\b(?:image|picture|file|media|mime)[ _-]?(?:formats?|types?|extensions?|sizes?"
    r"|dimensions?)\b|\bimage/(?!vision|video|audio|file|input)\w|\bformats?\b.{0,30}\b(?:png|jpe?g|gif|webp)\b|\buploaded\b"
    r"|\bbase64\b|\bdata ur[il]|\b(?:more than|over) \d|\b(?:multiple|several|animated) images?\b"
    r"|\bduplicate|\bunique\b|\btool_choice\b|\btools list\b|\bparallel\b|\bstrict\b"
    r"|\bimage generation\b|\bdetail\b|\b(?:tool|function) (?:names?|types?)\b"
    r"|\btools? (?:with|of) (?:the )?type\b"
)
_TOGETHER = re.compile(  # Bedrock, Gemini and Groq take tools, but not with everything
    r"(?i)\b(?:in|with|when|while|and|during|alongside)\b.{0,20}"
    r"\b(?:stream(?:ing)?\b|json\b|response|structured)"
    r"|\b(?:response_format|json(?: mode)?|streaming)\b.{0,30}\b(?:with|when|alongside)\b"
)


def lacking_capability(text: str) -> str | None:
    """Return what a model cannot take by a server's words: ``tools`` or ``image_url``.

    Empty if it cannot only together with something else.
    """
    lacks = next((member for member, pattern in _LACKS if pattern.search(text)), None)
    if lacks is None or _THIS_ONE.search(text):
        return None
    return "" if _TOGETHER.search(text) else lacks


# ---- more tokens than a model writes

_OUTPUT = re.compile(
    r"(?i)\bmax_?(?:completion_?|output_?|new_?)?tokens\b"
    r"|\b(?:output|completion|generated|new) tokens\b|\bmaximum tokens you requested\b"
    r"|\b(?:output|completion) length\b|\bmax tokens (?:must|should|cannot|value|exceeds?)\b"
)
_INPUT = re.compile(r"(?i)\bcontext\b|\b(?:prompt|inputs?|messages?)\b.{0,40}\btokens?\b|\bper min")
_NUMBER = r"\D{0,3}?([0-9][0-9,_]{0,11})(?![0-9])"
_OUTPUT_CAPS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"[\[(] ?\d+ ?, ?{_NUMBER} ?[\])]",
        rf"\bbetween \d+ and{_NUMBER}",
        rf"\brange:? \d+ ?(?:\.\.\.?|-|\u2013|to) ?{_NUMBER}",
        rf"\b(?:at most|up to|no more than|maximum of|limit(?:ed)? (?:of|to|is)){_NUMBER}",
        rf"(?:\bless than or equal to|<=|\u2264|\bnot exceed|(?:\bnot|n't|\bcannot) be (?:greater|"
        rf"larger|higher|more) than|\bmust be (?:below|under|less than|lower than)){_NUMBER}",
        rf"\bto{_NUMBER} \((?:ex|in)clusive\)",
        rf"\b\d[\d,]* ?>{_NUMBER}",
        rf"\b(?:maximum|max|limit|most)\b(?:[^.\d]|\.\D){{0,60}}?{_NUMBER}",
    )
)
_TOO_MUCH = re.compile(
    r"(?i)\btoo (?:large|high|big|many)\b|\bexceed\w*"
    r"|\b(?:above|over|beyond)\b.{0,30}\b(?:limit|max)"
    r"|\b(?:less than or equal|at most|maximum|valid range|supported range|range of)\b|<=|\u2264"
    r"|\bbetween \d+ and \d|\bin (?:the )?range\b|\b(?:above|over) (?:the )?(?:model\S* )?max"
    r"|\b(?:not|cannot) be (?:greater|larger|higher|more)\b"
)


def output_cap(text: str) -> int | None:
    """Return how many tokens a model writes at most, if a refusal is about that.

    0 where it is, and the number is not told; ``None`` where it is about something else.
    """
    if not _OUTPUT.search(text) or not _TOO_MUCH.search(text) or _INPUT.search(text):
        return None
    for pattern in _OUTPUT_CAPS:
        if match := pattern.search(text):
            return int(re.sub(r"\D", "", match[1]))
    return 0


# ---- refused members of a request, values and roles

_TELLING = (
    "chat_template_kwargs", "enable_thinking", "encoding_format", "extra_body", "frequency_penalty",
    "function_call", "input_type", "json_schema", "logit_bias", "logprobs",
    "max_completion_tokens", "max_tokens", "min_p", "parallel_tool_calls", "presence_penalty",
    "prompt_cache_key", "prompt_cache_retention", "reasoning_effort", "repetition_penalty",
    "response_format", "safety_identifier", "seed", "service_tier", "stream_options", "temperature",
    "tool_choice", "top_k", "top_logprobs", "top_p", "verbosity", "web_search_options",
)  # fmt: skip
"""Members that no sentence uses as mere words."""

_MEMBERS = frozenset(_TELLING) | {
    "audio", "dimensions", "functions", "metadata", "modalities", "n", "prediction", "reasoning",
    "stop", "store", "stream", "thinking", "tools", "user",
}  # fmt: skip
_QUOTE = r"['\"`\u2018\u2019\u201c\u201d]"
# xAI writes "presencePenalty" for what it is sent as "presence_penalty".
_HUMPED = {name.replace("_", ""): name for name in _TELLING}
# A quoted word after "model" is the model's name.
_NAME = (
    rf"(?:(?<!model )(?<!model: )(?<!models ){_QUOTE}([A-Za-z_][\w.$\[\]-]{{0,60}}){_QUOTE}"
    rf"|(?<![\w'\"`])({'|'.join(name.replace('_', '_?') for name in _TELLING)})(?![\w]))"
)
_ANY = rf"{_QUOTE}?\b({'|'.join(sorted(_MEMBERS, key=len, reverse=True))})\b"
_MEMBER = r"(?:parameter|argument|field|property|option)s?"
_THIS_MODEL = r"(?:this|the|that|thinking|reasoning) (?:model|mode|endpoint|deployment)"
_REFUSED_MEMBERS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_NAME}{_GAP}{{0,60}}?{_IS_NOT}",
        rf"\b(?:unsupported|unknown|unrecogni[sz]ed|unexpected|extra|disallowed|deprecated|"
        rf"forbidden|additional|superfluous)\b{_GAP}{{0,40}}?{_NAME}",
        rf"{_NOT} (?:\w+ )?{_REFUSES}{_GAP}{{0,40}}?{_NAME}",
        rf"{_NAME}{_GAP}{{0,80}}?\b(?:only|must|has to|should)\b{_GAP}{{0,80}}?{_THIS_MODEL}",
        rf"\bonly\b{_GAP}{{0,30}}?{_NAME}{_GAP}{{0,40}}?\b(?:allowed|supported|accepted)\b",
        rf"\b{_MEMBER} (?:is |are )?{_IS_NOT}{_GAP}{{0,30}}?: ?{_ANY}",
        rf"{_NOT} (?:\w+ )?{_REFUSES} (?:the )?{_MEMBER}:? {_ANY}",
        rf"{_NAME} can(?:not| not) both be\b",  # Claude's: the second of the two is left out
    )
)
_ROLE = r"(developer|system)"
_REFUSED_ROLES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:unsupported|unknown|unexpected|invalid|unrecogni[sz]ed|illegal) (?:\w+ )?"
        rf"role:? ?{_QUOTE}?{_ROLE}\b",
        rf"{_QUOTE}?\b{_ROLE}{_QUOTE}? (?:role|messages?|instructions?|prompts?)(?: \S+){{0,3}}? ?"
        rf"{_IS_NOT}",
        rf"\brole\b{_GAP}{{0,20}}?{_QUOTE}{_ROLE}{_QUOTE}{_GAP}{{0,30}}?{_IS_NOT}",
        rf"\bunknown variant {_QUOTE}{_ROLE}{_QUOTE}",
        rf"{_NOT} (?:\w+ )?{_REFUSES}(?: \S+){{0,2}}? {_QUOTE}?{_ROLE}{_QUOTE}? "
        rf"(?:roles?|messages?|prompts?|instructions?)\b",
        rf"\binvalid value: {_QUOTE}{_ROLE}{_QUOTE}\. supported values",
    )
)
_TWO_ROLES = re.compile(  # of many templates
    rf"(?i)\bonly {_QUOTE}?user{_QUOTE}?(?:, | and | or ){_QUOTE}?assistant{_QUOTE}?"
    r"(?:,? (?:and |or )?\S{1,12}){0,2}? (?:roles|messages)\b"
)
# OpenAI, Azure and Bedrock judge the names of calls in a history by a pattern.
_CALL_NAME = re.compile(
    r"(?i)\b(messages\W{1,2}\d+\W{1,2}tool_calls\W{1,2}\d+\W{1,2}function\.name)\b"
    r"|\bmessages\W{1,2}\d+\b.{0,80}?\btooluse\W{1,2}name\b"
)


_PARALLEL = re.compile(
    rf"(?i){_NOT} (?:\w+ )?{_REFUSES} (?:\S+ ){{0,2}}?parallel (?:tool|function)[ _-]call"
    rf"|\bparallel (?:tool|function)[ _-]call\w*{_GAP}{{0,20}}?{_IS_NOT}"
)


def refused_in_words(text: str) -> str | None:
    """Return the member of a request that is refused in words of a server's own, dotted.

    A role is ``messages.role.NAME``, with ``*`` for both that instruct. A name that no request is
    known to have counts only where it is quoted and no known one is named.
    """
    for pattern in _REFUSED_ROLES:
        if match := pattern.search(text):
            return f"messages.role.{match[1].lower()}"
    if _TWO_ROLES.search(text):
        return "messages.role.*"
    if _PARALLEL.search(text):
        return "parallel_tool_calls"
    if called := _CALL_NAME.search(text):
        path = called[1] or "messages.0.tool_calls.0.function.name"
        return ".".join(part for part in re.split(r"\W+", path) if part)
    found = list(_named(text))
    known = (name for name in found if re.split(r"[.\[]", name)[0].lower() in _MEMBERS)
    return next(known, found[0] if found else None)


def _named(text: str) -> Iterator[str]:
    for pattern in _REFUSED_MEMBERS:
        for match in pattern.finditer(text):
            name: str = next(filter(None, match.groups()))
            yield _HUMPED.get(name.lower().replace("_", ""), name)


# ---- the account, the content, and the caller

MONEY_TEXT = re.compile(
    r"(?i)\b(?:insufficient|not enough|no|out of|depleted|exhausted|used up)(?: \w+){0,2}? "
    r"(?:credits?|balance|funds)\b"
    r"|\b(?:credits?|balance|funds)\b(?: \S+){0,3}? (?:too low|insufficient|exhausted|depleted"
    r"|used up|expired|not enough|negative|empty)\b"
    r"|\bexceeded your (?:\S+ ){0,3}?(?:credits?|spend\w*|budget)\b"
    rf"|{_NOT} have (?:any |enough )?(?:credits?|balance|funds)\b|\bkey limit exceeded\b"
    r"|\breached your specified\b.{0,20}\blimits?\b|\bbudget\b(?: \S+){0,3}? exceeded\b"
    r"|\bexceeded ?budget\b|\b(?:requires|enable) billing\b"
    r"|\bspend(?:ing)? (?:limit|cap)\b|\bbilling (?:hard |soft )?limit\b|\bpayment required\b"
    r"|\baccount\b.{0,60}\b(?:overdue|in arrears|in good standing|suspended\b.{0,80}\b(?:pay\w*"
    r"|invoices?|balance|billing))\b"
    r"|\b(?:recharge|top[ -]?up) (?:your|the) (?:account|balance)\b"
    r"|\bplease (?:recharge|top[ -]?up)\b"
    r"|\b(?:purchase|buy) (?:more |additional )?credits\b"
    r"|\bfree (?:quota|trial)(?: \S+){0,3}? (?:exhausted|expired|used up)\b"
    r"|\u4f59\u989d\u4e0d\u8db3"
)
"""The account has no money left."""

RATE_TEXT = re.compile(
    r"(?i)\brate[ -]?limit\w*\b.{0,40}\b(?:exceeded|reached|hit)\b"
    r"|\bexceeded\b.{0,40}\brate[ -]?limit|\btoo many requests\b"
)
"""Too many requests, under a status that does not say so: GitHub's secondary limit is a 403."""

BUSY_TEXT = re.compile(
    r"(?i)\b(?:server|service|system|engine|model)\b(?: \S+){0,3}? "
    r"(?:overloaded|busy|loading|at capacity|starting up)\b"
)
"""Not now; the same request may be served in a moment."""

FLAGGED_TEXT = re.compile(
    r"(?i)\b(?:input|prompt|content|request|message|text)s?\b.{0,40}\bflagged\b"
    r"|\bcontents? exists? risk\b|\bcontent (?:management |safety |usage |moderation )?polic\w+"
    r"|\bcontent filter(?:s|ing)?\b|\bsafety (?:system|filters?|polic\w+)\b"
    r"|\b(?:inappropriate|harmful|sensitive|prohibited|unsafe)(?: or \w+)? content\b"
    r"|\b(?:usage|acceptable use) polic\w+"
)
"""The content was refused, not the form of the request."""

FAILED_GENERATION_TEXT = re.compile(
    r"(?i)\bfailed to (?:call a function|generate (?:a )?(?:valid )?(?:json|tool|function))"
    r"|\btool call validation failed\b|\bfailed_generation\b"
    r"|\bmodel\b.{0,30}\b(?:generated|produced)\b.{0,40}\b(?:invalid|malformed|could not)\b"
)
"""A server refuses what its own model wrote."""

# What stands inside a history is fine on one server and refused by the next.
_IN_HISTORY = re.compile(r"(?i)\bmessages?\W{1,2}\d|\bcontent\b|\btool_calls\b")
_CALLERS_TEXT = re.compile(
    r"(?i)\b(?:could not|couldn['\u2019]t|cannot|unable to|failed to) (?:parse|decode|read) "
    r"(?:the |your )?(?:request )?(?:body|json(?! schema))|\b(?:is )?not valid json\b"
    r"|\bmissing required (?:parameter|field|property|argument)|\bis a required property\b"
    r"|^field required\b|\b(?:parameter|field|argument) \S+ is (?:required|missing)\b"
    r"|\bmissing field\b"
    r"|\bmessages\b\W.{0,30}?(?:empty array|not be empty|non-?empty|at least one|too short)"
)
_ORPHAN_TEXT = re.compile(
    r"(?i)\brole \S{0,2}tool\S{0,2} must be a response to\b"
    r"|\bmust be followed by tool messages\b|\bdid not have response messages\b"
)


def is_callers_fault(text: str) -> bool:
    """Tell whether a refusal says what no other server would take either."""
    if _ORPHAN_TEXT.search(text):
        return True
    return _CALLERS_TEXT.search(text) is not None and not _IN_HISTORY.search(text)
