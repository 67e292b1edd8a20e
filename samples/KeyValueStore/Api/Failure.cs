using Orleans.Raft;
using Orleans.Runtime;

namespace KeyValueStore;

/// <summary>What a caller must know about a request that did not succeed: whether it may have been done all the same.</summary>
internal static class Failure
{
    public const string Failed = "failed";
    public const string Unknown = "unknown";

    /// <summary>Whether an error is one that the system is built to survive; others are bugs.</summary>
    public static bool IsExpected(Exception exception) =>
        exception is OrleansException or TimeoutException or OperationCanceledException or NoSiloException;

    /// <summary>The outcome of a change that ended in an error. Only a definite refusal is a failure.</summary>
    public static string OutcomeOf(Exception exception) => exception is RaftException or NoSiloException ? Failed : Unknown;
}

/// <summary>No silo runs in this process, so nothing was sent.</summary>
internal sealed class NoSiloException() : Exception("No silo is running here.");
