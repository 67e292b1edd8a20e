using Orleans.Raft;
using Orleans.Runtime;

namespace KeyValueStore;

/// <content>Who keeps the membership table, and the way back for one of them that lost its folder.</content>
internal sealed partial class HttpApi
{
    private const string VotersPath = "/raft/voters";

    private static readonly TimeSpan VoteTimeout = TimeSpan.FromSeconds(20);

    private Task VotersAsync(HttpContext context) => AnswerAsync(context, 200, async () =>
        (await VotersManagement().GetVotersAsync(context.RequestAborted))
            .OrderBy(voter => voter.Name, StringComparer.Ordinal)
            .Select(voter => new { silo = voter.Name, address = voter.Address, replica = voter.Replica, store = voter.Store }));

    /// <summary>A node that came back with an empty folder does not vote by itself: only its operator knows that the old folder will not turn up again.</summary>
    private async Task RestoreVoteAsync(HttpContext context, string name)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        limit.CancelAfter(VoteTimeout);
        try
        {
            await DoAsync(context, () => VotersManagement().ReplaceVoterAsync(name, name, newAddress: null, limit.Token));
        }
        catch (ArgumentException exception)
        {
            await Problem.WriteAsync(context, 409, exception.Message);
        }
        catch (OrleansException exception)
        {
            // The message says what it waits for; asking again is right.
            await Problem.UnavailableAsync(context, exception.Message, Failure.Unknown);
        }
    }

    private IRaftClusteringManagement VotersManagement() =>
        (cluster.AnySilo() ?? throw new NoSiloException()).GetRequiredService<IRaftClusteringManagement>();
}
