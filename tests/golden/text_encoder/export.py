"""A random BERT of the `transformers` package with its pure-Python tokenizer.

The prompts have capitals, an accent, punctuation, an unknown word, a word of two pieces, and one is longer than
the limit; the last is empty.
"""

import tempfile

import torch
import transformers
from transformers import BertConfig, BertModel, BertTokenizer

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from case import Case

MAX_TOKENS = 9
WORDS = (
    "[PAD] [UNK] [CLS] [SEP] a glass bottle smash ##ing on stone floor foot ##steps wind , . - rain cafe door of the"
).split()
PROMPTS = [
    "Glass bottle smashing on a stone floor",
    "footsteps, caf\u00e9-door.",
    "wind of the zebra",
    "rain rain rain rain rain rain rain rain rain rain",
    "",
]

case = Case(__file__, seed=12, tolerance=1e-5)
config = BertConfig(
    vocab_size=len(WORDS),
    hidden_size=12,
    num_hidden_layers=2,
    num_attention_heads=3,
    intermediate_size=20,
    max_position_embeddings=16,
    hidden_act="gelu",
)
config._attn_implementation = "eager"
bert = BertModel(config, add_pooling_layer=False).eval().double()
with torch.no_grad():
    for name, value in bert.named_parameters():
        matrix = value.ndim > 1
        mean = 1.0 if name.endswith("LayerNorm.weight") else 0.0
        value.copy_(case.normal(*value.shape, scale=0.5 if matrix else 0.2, mean=mean))
        case.constant(f"param.{name}", value)

with tempfile.NamedTemporaryFile("w", suffix=".txt") as vocabulary:
    vocabulary.write("\n".join(WORDS))
    vocabulary.flush()
    tokenizer = BertTokenizer(vocabulary.name)
batch = tokenizer(PROMPTS, padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
with torch.no_grad():
    tokens = bert(**batch).last_hidden_state
mask = batch["attention_mask"].double()
tokens = tokens * mask[:, :, None]
case.constant("ids", batch["input_ids"].double())
case.constant("mask", mask)
case.constant("tokens", tokens)
case.constant("pooled", tokens.sum(1) / mask.sum(1, keepdim=True))
case.metadata |= {
    "vocabulary": "\n".join(WORDS),
    "prompts": "\n".join(PROMPTS),
    "max_tokens": str(MAX_TOKENS),
    "transformers": transformers.__version__,
}
case.save()
