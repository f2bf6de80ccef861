# optio:
import torch
impon# options:7 e=bf32
import torch
import helion
impo
import helion#s:7 dtype=2
import torch
import hel