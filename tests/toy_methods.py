"""Methods of PEFT that are nothing but data here, to try the seam of the adapters with."""

from core.adapters.methods import METHODS, Method

LORA = METHODS["lora"]
HADA = ("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b")
LOKR = ("lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b")
PEFTS = {
    "lora": LORA,
    "dora": Method(
        LORA.config,
        LORA.options,
        {**LORA.names, "lora_magnitude_vector": "dora_scale"},
        (LORA.forms[0] | {"dora_scale"},),
        LORA.ranks,
        LORA.zeros,
        peft_start=frozenset({"dora_scale"}),
        fixed={"use_dora": True},
    ),
    "loha": Method(
        "peft:LoHaConfig",
        {"rank": "r", "alpha": "alpha"},
        dict(zip(HADA, HADA, strict=True)),
        (frozenset(HADA),),
        ("hada_w1_b",),
        frozenset({"hada_w2_b"}),
    ),
    "lokr": Method(
        "peft:LoKrConfig",
        {"rank": "r", "alpha": "alpha"},
        dict(zip(LOKR, LOKR, strict=True)),
        (frozenset({"lokr_w1", "lokr_w2_a", "lokr_w2_b"}), frozenset({"lokr_w1", "lokr_w2"})),
        ("lokr_w2_b", "lokr_w1_b"),
        frozenset({"lokr_w1", "lokr_w1_a"}),
    ),
}
