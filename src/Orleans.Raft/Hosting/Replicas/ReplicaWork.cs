using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>What can be posted to a replica.</summary>
internal enum ReplicaWorkKind : byte
{
    /// <summary>An item from a lane.</summary>
    Item,

    /// <summary>An entry's data proposed by this silo.</summary>
    Propose,

    /// <summary>A read of this silo.</summary>
    Read,

    /// <summary>A write to the log is durable.</summary>
    Written,

    /// <summary>A batch of applied entries is in the state store.</summary>
    Applied,

    /// <summary>A write failed.</summary>
    WriteFailed,

    /// <summary>A silo does not answer.</summary>
    Unreachable,

    /// <summary>A silo has fallen silent for good, or is back.</summary>
    SiloChanged,

    /// <summary>A question that somebody waits for; a replica that is no more refuses it.</summary>
    Question,

    /// <summary>The replica is to stop, faulted or not.</summary>
    Stop,

    /// <summary>Anything else, as a closure.</summary>
    Action,
}

/// <summary>One thing posted to a replica.</summary>
/// <param name="Kind">Which of the others count.</param>
/// <param name="Silo">The silo it comes from or speaks of; null for this one.</param>
/// <param name="Payload">An object of the kind.</param>
/// <param name="Item">The item of a lane.</param>
/// <param name="Number">Request number of a read.</param>
/// <param name="Data">A proposal's or query's bytes.</param>
internal readonly record struct ReplicaWork(
    ReplicaWorkKind Kind,
    string? Silo = null,
    object? Payload = null,
    LaneItem Item = default,
    long Number = 0,
    ReadOnlyMemory<byte> Data = default);

/// <summary>A question to a replica. One of its two ends is run, once.</summary>
/// <param name="Run">Asks and answers.</param>
/// <param name="Refuse">Tells the asker that the replica has faulted or stopped.</param>
internal sealed record ReplicaQuestion(Action Run, Action<Exception> Refuse);

/// <summary>A read that a replica holds.</summary>
/// <param name="Silo">Who asks; null for this silo.</param>
/// <param name="Request">Number by which the asker knows it.</param>
/// <param name="Query">The state machine's query.</param>
/// <param name="AskerLife">The asker's life: a late answer must not complete a read of its next one (SAFETY-RULES A8).</param>
internal readonly record struct PendingRead(string? Silo, long Request, ReadOnlyMemory<byte> Query, ReplicaLife AskerLife = default);

/// <summary>A message that waits for the disk, with the life it is meant for as of when its cause was processed.</summary>
/// <param name="Message">The message.</param>
/// <param name="ToLife">Addressee's life if the message is an answer, else default.</param>
internal readonly record struct HeldMessage(Message Message, ReplicaLife ToLife);

/// <summary>A write that is on its way to the disk.</summary>
internal sealed class PendingAppend
{
    /// <summary>What is written.</summary>
    public WriteBatch Batch { get; } = new();

    /// <summary>What follows.</summary>
    public List<HeldMessage> Responses { get; } = [];

    /// <summary>The snapshot that becomes current with the write; null mostly.</summary>
    public SnapshotInstall? Install { get; set; }

    /// <summary>When it was given to the log store.</summary>
    public TimeSpan StartedAt { get; set; }

    /// <summary>True once durable; responses still wait for those of earlier writes.</summary>
    public bool IsDurable { get; set; }
}
