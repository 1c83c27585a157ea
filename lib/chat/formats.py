"""The Jinja texts of the named chat templates (`templates` says whose they are and where they were read)."""

from lib.models.chat_format import CHATML

# DEFAULT stands for the system prompt that is put in where a conversation has none.
CHATML_WITH_SYSTEM = (
    """\
{%- if messages[0].role != 'system' %}
    {{- '<|im_start|>system\\nDEFAULT<|im_end|>\\n' }}
{%- endif %}
"""
    + CHATML
)

# Thoughts of earlier answers are left out; an answer after the last question always carries a thought block.
QWEN3 = """\
{%- set turn = namespace(last_question=messages|length - 1, searching=true) %}
{%- for message in messages|reverse %}
    {%- if turn.searching and message.role == 'user'
        and not (message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set turn.searching = false %}
        {%- set turn.last_question = messages|length - loop.index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.role != 'assistant' %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
    {%- else %}
        {%- set answer = message.content %}
        {%- set thought = '' %}
        {%- if '</think>' in answer %}
            {%- set thought = (answer.split('</think>')|first).rstrip('\\n').split('<think>')|last %}
            {%- set thought = thought.lstrip('\\n') %}
            {%- set answer = (answer.split('</think>')|last).lstrip('\\n') %}
        {%- endif %}
        {{- '<|im_start|>assistant\\n' }}
        {%- if loop.index0 > turn.last_question and (loop.last or thought) %}
            {{- '<think>\\n' + thought.strip('\\n') + '\\n</think>\\n\\n' + answer.lstrip('\\n') }}
        {%- else %}
            {{- answer }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""

PLAIN = """\
{%- for message in messages %}
    {%- if message.role == 'system' %}
        {{- message.content + '\\n\\n' }}
    {%- elif message.role == 'user' %}
        {{- 'User: ' + message.content + '\\n' }}
    {%- else %}
        {{- 'Assistant: ' + message.content + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- 'Assistant:' }}
{%- endif %}
"""


LLAMA3 = """\
{{- bos_token }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message.role + '<|end_header_id|>\\n\\n' + message.content | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""

# Gemma has no system turn: its words stand at the beginning of the first user's turn. The assistant is called "model".
GEMMA = """\
{{- bos_token }}
{%- set spoken = messages[1:] if messages[0].role == 'system' else messages %}
{%- for message in spoken %}
    {{- '<start_of_turn>' + ('model' if message.role == 'assistant' else message.role) + '\\n' }}
    {%- if loop.first and messages[0].role == 'system' %}
        {{- messages[0].content + '\\n\\n' }}
    {%- endif %}
    {{- message.content | trim + '<end_of_turn>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<start_of_turn>model\\n' }}
{%- endif %}
"""

# Mistral has no system turn either: its words stand in the last user's turn. A reply follows [/INST] without a header.
MISTRAL = """\
{{- bos_token }}
{%- set spoken = messages[1:] if messages[0].role == 'system' else messages %}
{%- for message in spoken %}
    {%- if message.role == 'user' %}
        {{- '[INST] ' }}
        {%- if loop.last and messages[0].role == 'system' %}
            {{- messages[0].content + '\\n\\n' }}
        {%- endif %}
        {{- message.content + '[/INST]' }}
    {%- else %}
        {{- ' ' + message.content | trim + eos_token }}
    {%- endif %}
{%- endfor %}
"""
