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

    /// <summary>What a user is told. Messages of Raft and of this program say what there is to know; those of Orleans' messaging hold its inner workings, down to stack traces.</summary>
    public static string Explain(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is RaftException or OutcomeUnknownException or NoSiloException)
            {
                return cause.Message;
            }
        }

        return exception switch
        {
            TimeoutException => "There was no answer in time.",
            OperationCanceledException => "It was broken off.",
            OrleansException => "The silo that it was sent to is gone, or can't be reached.",
            _ => "There was an error that nobody foresaw; the log has it.",
        };
    }

    /// <summary>The outcome of a change that ended in an error. Only a definite refusal is a failure.</summary>
    public static string OutcomeOf(Exception exception) => exception is RaftException or NoSiloException ? Failed : Unknown;
}

/// <summary>No silo runs in this process, so nothing was sent.</summary>
internal sealed class NoSiloException() : Exception("No silo is running here.");
