using Orleans.Raft.Hosting;

namespace Orleans.Raft;

/// <summary>
/// Starts a new cluster from the directory of one silo that survived, when a majority of the silos' directories is lost for good. Danger: writes that were acknowledged
/// and had not reached this silo are lost, and silos that come back with their old directories are refused. Read docs/OPERATIONS.md first.
/// </summary>
public static class RaftRecovery
{
    /// <summary>What the directory holds, what recovering from it means, and the phrase that confirms it. Changes nothing but the open counter.</summary>
    /// <param name="logs">The storage engine.</param>
    /// <param name="states">The storage engine.</param>
    /// <param name="settings">The survivor's directory, service and name; the silo must be stopped.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<string> DescribeAsync(
        ILogStoreFactory logs, IStateStoreFactory states, LogStoreSettings settings, CancellationToken cancellationToken)
    {
        await using var recovery = await SurvivorRecovery.OpenAsync(logs, states, settings, cancellationToken);
        return recovery.Describe();
    }

    /// <summary>Makes the survivor the only voter of all its groups, under a new incarnation of the cluster.</summary>
    /// <param name="logs">The storage engine.</param>
    /// <param name="states">The storage engine.</param>
    /// <param name="settings">The survivor's directory, service and name; the silo must be stopped.</param>
    /// <param name="confirmation">The phrase that <see cref="DescribeAsync"/> names.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="RaftException">The confirmation is another one, or the directory cannot be recovered from; nothing was changed.</exception>
    public static async Task<string> FromSurvivorAsync(
        ILogStoreFactory logs, IStateStoreFactory states, LogStoreSettings settings, string confirmation, CancellationToken cancellationToken)
    {
        await using var recovery = await SurvivorRecovery.OpenAsync(logs, states, settings, cancellationToken);
        if (!string.Equals(confirmation, recovery.Phrase, StringComparison.Ordinal))
        {
            throw new RaftException($"The confirmation is \"{confirmation}\"; expected is \"{recovery.Phrase}\". Nothing was changed.");
        }

        return await recovery.RunAsync(cancellationToken);
    }
}
