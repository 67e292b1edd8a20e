using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Orleans.Raft.Core;

/// <summary>Number of a replica within its group. Never used twice in one group; 0 means "none".</summary>
/// <param name="Value">The number; positive for a replica, 0 for none.</param>
[Experimental("ORLEANSRAFT001")]
public readonly record struct ReplicaId(long Value) : System.IComparable<ReplicaId>
{
    /// <summary>No replica: nobody voted for, no leader known.</summary>
    public static readonly ReplicaId None;

    /// <summary>Pseudo-address of the local thread that makes appends durable (asynchronous storage writes).</summary>
    public static readonly ReplicaId AppendThread = new(long.MaxValue);

    /// <summary>Pseudo-address of the local thread that applies committed entries (asynchronous storage writes).</summary>
    public static readonly ReplicaId ApplyThread = new(long.MaxValue - 1);

    /// <summary>True for <see cref="None"/>.</summary>
    public bool IsNone => Value == 0;

    /// <summary>True for the two addresses that never leave the process.</summary>
    public bool IsLocalThread => Value >= ApplyThread.Value;

    /// <inheritdoc/>
    public int CompareTo(ReplicaId other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value switch
    {
        0 => "None",
        long.MaxValue => "AppendThread",
        long.MaxValue - 1 => "ApplyThread",
        _ => Value.ToString(CultureInfo.InvariantCulture),
    };
}
