"""Networks of the literature; each takes (T, N, C, H, W), or (T, N, C), and gives classes."""

from snncore.models.ms_resnet import MSResNet as MSResNet
from snncore.models.ms_resnet import ms_resnet18 as ms_resnet18
from snncore.models.ms_resnet import ms_resnet34 as ms_resnet34
from snncore.models.ms_resnet import ms_resnet104 as ms_resnet104
from snncore.models.qkformer import QKFormer as QKFormer
from snncore.models.qkformer import TokenSelfAttention as TokenSelfAttention
from snncore.models.recurrent import RecurrentLIF as RecurrentLIF
from snncore.models.recurrent import recurrent_sew_resnet18 as recurrent_sew_resnet18
from snncore.models.resnet import ResNet as ResNet
from snncore.models.resnet import sew_resnet18 as sew_resnet18
from snncore.models.resnet import sew_resnet34 as sew_resnet34
from snncore.models.resnet import sew_resnet50 as sew_resnet50
from snncore.models.resnet import sew_resnet101 as sew_resnet101
from snncore.models.resnet import sew_resnet152 as sew_resnet152
from snncore.models.resnet import spiking_resnet18 as spiking_resnet18
from snncore.models.resnet import spiking_resnet34 as spiking_resnet34
from snncore.models.resnet import spiking_resnet50 as spiking_resnet50
from snncore.models.resnet import spiking_resnet101 as spiking_resnet101
from snncore.models.resnet import spiking_resnet152 as spiking_resnet152
from snncore.models.small import CSNN as CSNN
from snncore.models.small import plif_net as plif_net
from snncore.models.sound import SHDNet as SHDNet
from snncore.models.sound import SpeechNet as SpeechNet
from snncore.models.spike_driven import SpikeDrivenBlock as SpikeDrivenBlock
from snncore.models.spike_driven import SpikeDrivenSelfAttention as SpikeDrivenSelfAttention
from snncore.models.spike_driven import SpikeDrivenTransformer as SpikeDrivenTransformer
from snncore.models.spikformer import Spikformer as Spikformer
from snncore.models.spikformer import SpikingSelfAttention as SpikingSelfAttention
from snncore.models.spikformer import SpikingTransformerBlock as SpikingTransformerBlock
from snncore.models.vgg import VGG as VGG
from snncore.models.vgg import spiking_vgg11 as spiking_vgg11
from snncore.models.vgg import spiking_vgg13 as spiking_vgg13
from snncore.models.vgg import spiking_vgg16 as spiking_vgg16
from snncore.models.vgg import spiking_vgg19 as spiking_vgg19

__all__ = [
    "CSNN",
    "VGG",
    "MSResNet",
    "QKFormer",
    "RecurrentLIF",
    "ResNet",
    "SHDNet",
    "SpeechNet",
    "SpikeDrivenBlock",
    "SpikeDrivenSelfAttention",
    "SpikeDrivenTransformer",
    "Spikformer",
    "SpikingSelfAttention",
    "SpikingTransformerBlock",
    "TokenSelfAttention",
    "ms_resnet18",
    "ms_resnet34",
    "ms_resnet104",
    "plif_net",
    "recurrent_sew_resnet18",
    "sew_resnet18",
    "sew_resnet34",
    "sew_resnet50",
    "sew_resnet101",
    "sew_resnet152",
    "spiking_resnet18",
    "spiking_resnet34",
    "spiking_resnet50",
    "spiking_resnet101",
    "spiking_resnet152",
    "spiking_vgg11",
    "spiking_vgg13",
    "spiking_vgg16",
    "spiking_vgg19",
]
