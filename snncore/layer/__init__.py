"""Layers on sequences (T, N, ...)."""

from snncore.layer.affine import Affine as Affine
from snncore.layer.attention import SpikeAttention as SpikeAttention
from snncore.layer.dropout import Dropout as Dropout
from snncore.layer.dropout import Dropout2d as Dropout2d
from snncore.layer.masks import ChannelAttention as ChannelAttention
from snncore.layer.masks import SpikeDrivenAttention as SpikeDrivenAttention
from snncore.layer.masks import TokenAttention as TokenAttention
from snncore.layer.moving import Chunk as Chunk
from snncore.layer.moving import Concat as Concat
from snncore.layer.moving import Permute as Permute
from snncore.layer.moving import Reshape as Reshape
from snncore.layer.moving import Slice as Slice
from snncore.layer.moving import Transpose as Transpose
from snncore.layer.moving import Upsample as Upsample
from snncore.layer.norm.batch_norm import BatchNorm as BatchNorm
from snncore.layer.norm.batch_norm import BatchNorm1d as BatchNorm1d
from snncore.layer.norm.batch_norm import BatchNorm2d as BatchNorm2d
from snncore.layer.norm.batch_norm import BatchNorm3d as BatchNorm3d
from snncore.layer.norm.batch_norm import ThresholdBatchNorm1d as ThresholdBatchNorm1d
from snncore.layer.norm.batch_norm import ThresholdBatchNorm2d as ThresholdBatchNorm2d
from snncore.layer.norm.batch_norm import ThresholdBatchNorm3d as ThresholdBatchNorm3d
from snncore.layer.norm.group_norm import GroupNorm as GroupNorm
from snncore.layer.norm.step_batch_norm import StepBatchNorm as StepBatchNorm
from snncore.layer.norm.step_batch_norm import StepBatchNorm1d as StepBatchNorm1d
from snncore.layer.norm.step_batch_norm import StepBatchNorm2d as StepBatchNorm2d
from snncore.layer.norm.step_batch_norm import StepBatchNorm3d as StepBatchNorm3d
from snncore.layer.norm.step_batch_norm import TemporalBatchNorm1d as TemporalBatchNorm1d
from snncore.layer.norm.step_batch_norm import TemporalBatchNorm2d as TemporalBatchNorm2d
from snncore.layer.norm.step_batch_norm import TemporalBatchNorm3d as TemporalBatchNorm3d
from snncore.layer.pool import AdaptiveAvgPool1d as AdaptiveAvgPool1d
from snncore.layer.pool import AdaptiveAvgPool2d as AdaptiveAvgPool2d
from snncore.layer.pool import AdaptiveAvgPool3d as AdaptiveAvgPool3d
from snncore.layer.pool import AdaptiveSumPool2d as AdaptiveSumPool2d
from snncore.layer.pool import AvgPool1d as AvgPool1d
from snncore.layer.pool import AvgPool2d as AvgPool2d
from snncore.layer.pool import AvgPool3d as AvgPool3d
from snncore.layer.pool import MaxPool1d as MaxPool1d
from snncore.layer.pool import MaxPool2d as MaxPool2d
from snncore.layer.pool import MaxPool3d as MaxPool3d
from snncore.layer.report import backend_report as backend_report
from snncore.layer.residual import Join as Join
from snncore.layer.residual import Residual as Residual
from snncore.layer.temporal_attention import MultiDimensionalAttention as MultiDimensionalAttention
from snncore.layer.temporal_attention import TemporalAttention as TemporalAttention
from snncore.layer.time.cells import SpikingGRU as SpikingGRU
from snncore.layer.time.cells import SpikingLSTM as SpikingLSTM
from snncore.layer.time.cells import SpikingRNN as SpikingRNN
from snncore.layer.time.container import Recurrent as Recurrent
from snncore.layer.time.container import Sequence as Sequence
from snncore.layer.time.container import Steps as Steps
from snncore.layer.time.container import TimeDistributed as TimeDistributed
from snncore.layer.time.delay import Delay as Delay
from snncore.layer.time.learned_delay import LearnedDelay as LearnedDelay
from snncore.layer.time.state import StateLayer as StateLayer
from snncore.layer.time.state_space import S4D as S4D
from snncore.layer.time.synaptic_filter import SynapticFilter as SynapticFilter
from snncore.layer.vote import Vote as Vote
from snncore.layer.weights.convolution import Conv1d as Conv1d
from snncore.layer.weights.convolution import Conv3d as Conv3d
from snncore.layer.weights.convolution import ConvTranspose1d as ConvTranspose1d
from snncore.layer.weights.convolution import ConvTranspose2d as ConvTranspose2d
from snncore.layer.weights.convolution import ConvTranspose3d as ConvTranspose3d
from snncore.layer.weights.linear import Conv2d as Conv2d
from snncore.layer.weights.linear import Flatten as Flatten
from snncore.layer.weights.linear import Layer as Layer
from snncore.layer.weights.linear import Linear as Linear
from snncore.layer.weights.linear import Pair as Pair
from snncore.layer.weights.linear import SumPool2d as SumPool2d
from snncore.layer.weights.standardized import WSConv1d as WSConv1d
from snncore.layer.weights.standardized import WSConv2d as WSConv2d
from snncore.layer.weights.standardized import WSConv3d as WSConv3d
from snncore.layer.weights.standardized import WSLinear as WSLinear

__all__ = [
    "S4D",
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveSumPool2d",
    "Affine",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "BatchNorm",
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "ChannelAttention",
    "Chunk",
    "Concat",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "Delay",
    "Dropout",
    "Dropout2d",
    "Flatten",
    "GroupNorm",
    "Join",
    "Layer",
    "LearnedDelay",
    "Linear",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MultiDimensionalAttention",
    "Pair",
    "Permute",
    "Recurrent",
    "Reshape",
    "Residual",
    "Sequence",
    "Slice",
    "SpikeAttention",
    "SpikeDrivenAttention",
    "SpikingGRU",
    "SpikingLSTM",
    "SpikingRNN",
    "StateLayer",
    "StepBatchNorm",
    "StepBatchNorm1d",
    "StepBatchNorm2d",
    "StepBatchNorm3d",
    "Steps",
    "SumPool2d",
    "SynapticFilter",
    "TemporalAttention",
    "TemporalBatchNorm1d",
    "TemporalBatchNorm2d",
    "TemporalBatchNorm3d",
    "ThresholdBatchNorm1d",
    "ThresholdBatchNorm2d",
    "ThresholdBatchNorm3d",
    "TimeDistributed",
    "TokenAttention",
    "Transpose",
    "Upsample",
    "Vote",
    "WSConv1d",
    "WSConv2d",
    "WSConv3d",
    "WSLinear",
    "backend_report",
]
