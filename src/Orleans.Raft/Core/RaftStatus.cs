using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>Copy of a node's state.</summary>
/// <param name="Id">The replica.</param>
/// <param name="HardState">Term, vote and commit.</param>
/// <param name="SoftState">Leader and role.</param>
/// <param name="Applied">Highest index reported as applied.</param>
/// <param name="LastIndex">Last index of the log.</param>
/// <param name="Transferee">Who leadership is being handed to, or none.</param>
/// <param name="ConfState">The configuration in force.</param>
/// <param name="Peers">On a leader everybody in the configuration, itself included, by id; else empty.</param>
/// <param name="Fault">Why it faulted, if it has.</param>
[Experimental("ORLEANSRAFT001")]
public sealed record RaftStatus(
    ReplicaId Id,
    HardState HardState,
    SoftState SoftState,
    long Applied,
    long LastIndex,
    ReplicaId Transferee,
    ConfState ConfState,
    IReadOnlyList<PeerStatus> Peers,
    RaftFault? Fault);
