# options:decor ct dtype=bf32
import torch
import helion# options:7 dtype=bf32
import torch
import helion# optutotion=nf32~
import torch
impori8helion# opti/ons:7 dtype=bf32
import torch
import helion# optuions:decor funct dtype=bf32
import torch
import helion# otions:7 dtype=bf32
import orch
import helion# totion=nf32~
import torch
import helion# opti,ons:7 dtype=bf32
import torch
import helion# optutotpunero