"""CLIP, SigLIP and DistilBERT as modules of torch, with Hugging Face's names, shapes and arithmetic.

The independent witness for the importer: it shares no code with it. `load_state_dict` proves names and shapes, the forward passes
the numbers. Sources: transformers' modeling_clip.py, modeling_siglip.py, modeling_distilbert.py (eager attention).
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn
from torch.nn import functional


class QuickGelu(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.sigmoid(1.702 * x)


class TanhGelu(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * torch.pow(x, 3.0))))


ACTIVATIONS = {"quick_gelu": QuickGelu, "gelu": nn.GELU, "gelu_pytorch_tanh": TanhGelu}


class ClipAttention(nn.Module):
    def __init__(self, config: Any) -> None:
        super().__init__()
        self.heads = config.num_attention_heads
        self.scale = (config.hidden_size // self.heads) ** -0.5
        self.k_proj = nn.Linear(config.hidden_size, config.hidden_size)
        self.v_proj = nn.Linear(config.hidden_size, config.hidden_size)
        self.q_proj = nn.Linear(config.hidden_size, config.hidden_size)
        self.out_proj = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        batch, length, width = hidden.shape

        def heads_of(x: torch.Tensor) -> torch.Tensor:
            return x.view(batch, length, self.heads, -1).transpose(1, 2)

        query = heads_of(self.q_proj(hidden) * self.scale)
        scores = query @ heads_of(self.k_proj(hidden)).transpose(-1, -2)
        if mask is not None:
            scores = scores + mask
        mixed = functional.softmax(scores, dim=-1) @ heads_of(self.v_proj(hidden))
        return self.out_proj(mixed.transpose(1, 2).reshape(batch, length, width))


class ClipMlp(nn.Module):
    def __init__(self, config: Any) -> None:
        super().__init__()
        self.activation_fn = ACTIVATIONS[config.hidden_act]()
        self.fc1 = nn.Linear(config.hidden_size, config.intermediate_size)
        self.fc2 = nn.Linear(config.intermediate_size, config.hidden_size)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        return self.fc2(self.activation_fn(self.fc1(hidden)))


class ClipLayer(nn.Module):
    def __init__(self, config: Any) -> None:
        super().__init__()
        self.self_attn = ClipAttention(config)
        self.layer_norm1 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.mlp = ClipMlp(config)
        self.layer_norm2 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        hidden = hidden + self.self_attn(self.layer_norm1(hidden), mask)
        return hidden + self.mlp(self.layer_norm2(hidden))


class ClipEncoder(nn.Module):
    def __init__(self, config: Any) -> None:
        super().__init__()
        self.layers = nn.ModuleList([ClipLayer(config) for _ in range(config.num_hidden_layers)])

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        for layer in self.layers:
            hidden = layer(hidden, mask)
        return hidden


class ClipVisionEmbeddings(nn.Module):
    def __init__(self, config: Any) -> None:
        super().__init__()
        self.class_embedding = nn.Parameter(torch.randn(config.hidden_size))
        self.patch_embedding = nn.Conv2d(3, config.hidden_size, config.patch_size, config.patch_size, bias=False)
        positions = (config.image_size // config.patch_size) ** 2 + 1
        self.position_embedding = nn.Embedding(positions, config.hidden_size)
        self.register_buffer("position_ids", torch.arange(positions).expand((1, -1)))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        patches = self.patch_embedding(pixels).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_embedding.expand(pixels.shape[0], 1, -1), patches], dim=1)
        return tokens + self.position_embedding(self.position_ids)


class ClipVisionTransformer(nn.Module):
    def __init__(self, config: Any) -> None:
        super().__init__()
        self.embeddings = ClipVisionEmbeddings(config)
        self.pre_layrnorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.encoder = ClipEncoder(config)
        self.post_layernorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        hidden = self.encoder(self.pre_layrnorm(self.embeddings(pixels)))
        return self.post_layernorm(hidden[:, 0, :])


class ClipTextEmbeddings(nn.Module):
    def __init__(self, config: Any) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(config.vocab_size, config.hidden_size)
        self.position_embedding = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.register_buffer("position_ids", torch.arange(config.max_position_embeddings).expand((1, -1)))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.token_embedding(ids) + self.position_embedding(self.position_ids[:, : ids.shape[1]])


class ClipTextTransformer(nn.Module):
    def __init__(self, config: Any) -> None:
        super().__init__()
        self.eos_token_id = config.eos_token_id
        self.embeddings = ClipTextEmbeddings(config)
        self.encoder = ClipEncoder(config)
        self.final_layer_norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        length = ids.shape[1]
        mask = torch.full((length, length), torch.finfo(torch.float32).min).triu(1)
        hidden = self.final_layer_norm(self.encoder(self.embeddings(ids), mask))
        if self.eos_token_id == 2:
            place = ids.to(torch.int).argmax(dim=-1)
        else:
            place = (ids == self.eos_token_id).int().argmax(dim=-1)
        return hidden[torch.arange(ids.shape[0]), place]


class ClipModel(nn.Module):
    def __init__(self, vision: Any, text: Any, dimension: int) -> None:
        super().__init__()
        self.logit_scale = nn.Parameter(torch.tensor(2.6592))
        self.text_model = ClipTextTransformer(text)
        self.vision_model = ClipVisionTransformer(vision)
        self.visual_projection = nn.Linear(vision.hidden_size, dimension, bias=False)
        self.text_projection = nn.Linear(text.hidden_size, dimension, bias=False)

    def embed_pixels(self, pixels: torch.Tensor) -> torch.Tensor:
        """Unit rows of float32 [batch, 3, size, size]."""
        embeddings = self.visual_projection(self.vision_model(pixels))
        return embeddings / embeddings.norm(p=2, dim=-1, keepdim=True)

    def embed_ids(self, ids: torch.Tensor) -> torch.Tensor:
        embeddings = self.text_projection(self.text_model(ids))
        return embeddings / embeddings.norm(p=2, dim=-1, keepdim=True)


class SiglipVisionEmbeddings(nn.Module):
    def __init__(self, config: Any) -> None:
        super().__init__()
        self.patch_embedding = nn.Conv2d(3, config.hidden_size, config.patch_size, config.patch_size, padding="valid")
        positions = (config.image_size // config.patch_size) ** 2
        self.position_embedding = nn.Embedding(positions, config.hidden_size)
        self.register_buffer("position_ids", torch.arange(positions).expand((1, -1)), persistent=False)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.patch_embedding(pixels).flatten(2).transpose(1, 2) + self.position_embedding(self.position_ids)


class SiglipHead(nn.Module):
    def __init__(self, config: Any) -> None:
        super().__init__()
        self.probe = nn.Parameter(torch.randn(1, 1, config.hidden_size))
        self.attention = nn.MultiheadAttention(config.hidden_size, config.num_attention_heads, batch_first=True)
        self.layernorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.mlp = ClipMlp(config)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        hidden = self.attention(self.probe.repeat(hidden.shape[0], 1, 1), hidden, hidden)[0]
        return (hidden + self.mlp(self.layernorm(hidden)))[:, 0]


class SiglipVisionTransformer(nn.Module):
    def __init__(self, config: Any) -> None:
        super().__init__()
        self.embeddings = SiglipVisionEmbeddings(config)
        self.encoder = ClipEncoder(config)
        self.post_layernorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.head = SiglipHead(config)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.head(self.post_layernorm(self.encoder(self.embeddings(pixels))))


class SiglipVisionModel(nn.Module):
    def __init__(self, vision: Any) -> None:
        super().__init__()
        self.vision_model = SiglipVisionTransformer(vision)

    def embed_pixels(self, pixels: torch.Tensor) -> torch.Tensor:
        embeddings = self.vision_model(pixels)
        return embeddings / embeddings.norm(p=2, dim=-1, keepdim=True)


class DistilBertEmbeddings(nn.Module):
    def __init__(self, config: Any) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocab_size, config.dim)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, config.dim)
        self.LayerNorm = nn.LayerNorm(config.dim, eps=1e-12)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        places = torch.arange(ids.shape[1])[None].expand_as(ids)
        return self.LayerNorm(self.word_embeddings(ids) + self.position_embeddings(places))


class DistilBertAttention(nn.Module):
    def __init__(self, config: Any) -> None:
        super().__init__()
        self.heads = config.n_heads
        self.q_lin = nn.Linear(config.dim, config.dim)
        self.k_lin = nn.Linear(config.dim, config.dim)
        self.v_lin = nn.Linear(config.dim, config.dim)
        self.out_lin = nn.Linear(config.dim, config.dim)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        batch, length, width = hidden.shape

        def heads_of(x: torch.Tensor) -> torch.Tensor:
            return x.view(batch, length, self.heads, -1).transpose(1, 2)

        query = heads_of(self.q_lin(hidden)) / math.sqrt(width // self.heads)
        scores = query @ heads_of(self.k_lin(hidden)).transpose(2, 3)
        absent = (mask == 0).view(batch, 1, 1, length).expand_as(scores)
        scores = scores.masked_fill(absent, torch.finfo(scores.dtype).min)
        mixed = functional.softmax(scores, dim=-1) @ heads_of(self.v_lin(hidden))
        return self.out_lin(mixed.transpose(1, 2).reshape(batch, length, width))


class DistilBertInner(nn.Module):
    def __init__(self, config: Any) -> None:
        super().__init__()
        self.lin1 = nn.Linear(config.dim, config.hidden_dim)
        self.lin2 = nn.Linear(config.hidden_dim, config.dim)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        return self.lin2(functional.gelu(self.lin1(hidden)))


class DistilBertBlock(nn.Module):
    def __init__(self, config: Any) -> None:
        super().__init__()
        self.attention = DistilBertAttention(config)
        self.sa_layer_norm = nn.LayerNorm(config.dim, eps=1e-12)
        self.ffn = DistilBertInner(config)
        self.output_layer_norm = nn.LayerNorm(config.dim, eps=1e-12)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        hidden = self.sa_layer_norm(self.attention(hidden, mask) + hidden)
        return self.output_layer_norm(self.ffn(hidden) + hidden)


class DistilBertTransformer(nn.Module):
    def __init__(self, config: Any) -> None:
        super().__init__()
        self.layer = nn.ModuleList([DistilBertBlock(config) for _ in range(config.n_layers)])


class DistilBertModel(nn.Module):
    def __init__(self, config: Any) -> None:
        super().__init__()
        self.embeddings = DistilBertEmbeddings(config)
        self.transformer = DistilBertTransformer(config)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Embeddings of tokens, [batch, length, dim]."""
        hidden = self.embeddings(ids)
        for layer in self.transformer.layer:
            hidden = layer(hidden, mask)
        return hidden


class Dense(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs, bias=False)

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        return self.linear(value)


def embed_sentences(model: DistilBertModel, dense: Dense, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean of the tokens, Dense, unit length: what sentence-transformers' encode(normalize_embeddings=True) does."""
    tokens = model(ids, mask)
    weights = mask.unsqueeze(-1).expand(tokens.size()).float()
    pooled = torch.sum(tokens * weights, 1) / torch.clamp(weights.sum(1), min=1e-9)
    return functional.normalize(dense(pooled), p=2, dim=1)


def settings(fields: dict[str, Any]) -> Any:
    return SimpleNamespace(**fields)
