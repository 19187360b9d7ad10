"""The few transforms of torchvision that the example scripts use, over Pillow and torch.

torchvision itself is not among the program's libraries. Images are read between two steps and are a few
hundred pixels wide, so what stands in here is no part of what is measured.
"""
