"""Messages about files of weights."""

from core.errors import Message

LORA_ALPHA = Message(
    "E-LORA-ALPHA",
    "{path}: the alpha of this LoRA can't be known ({reason}), and so its strength. {advice}",
    "{path}：このLoRAのalphaが分からず（{reason}）、強さを決められません。{advice}",
)
