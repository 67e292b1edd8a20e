using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <content>The steward: brings the groups that this silo leads to where the meta group wants their replicas.</content>
internal sealed partial class RaftHost
{
    private async Task StewardAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(_options.TickInterval * 4, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                if (Catalog is { Placements.IsEmpty: false } catalog)
                {
                    await StewardOnceAsync(catalog, stopping);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The silo stops.
        }
    }

    private async Task StewardOnceAsync(Catalog catalog, CancellationToken stopping)
    {
        foreach (var placement in catalog.Placements.Values)
        {
            if (!_groups.TryGetValue(placement.Group, out var runtime)
                || runtime.Replica is not { Fault: null, IsLeader: true } replica
                || (_reachedPlacements.TryGetValue(placement.Group, out var reached) && IsSame(reached, placement)))
            {
                continue;
            }

            try
            {
                var step = await replica.ApproachAsync(placement).WaitAsync(ReportPatience, _time, stopping);
                if (step.IsDone)
                {
                    _reachedPlacements[placement.Group] = placement;
                }

                foreach (var left in step.Left)
                {
                    var command = new MetaCommand { Left = placement.Group, LeftReplica = left };
                    await TryAsync(client => client.ProposeAsync(MetaCodec.Encode(command), stopping));
                }
            }
            catch (Exception exception) when (exception is OrleansException or TimeoutException)
            {
                // The replica has stopped or is busy; whoever leads then goes on, from what the log says.
                LogStewardFailed(_logger, placement.Group, replica.Id, exception.Message);
            }
        }
    }

    /// <summary>Writes a wish about replicas down in the meta group. Completes when it is written down, not when it is carried out.</summary>
    /// <exception cref="RaftException">It is impossible, or no majority answered.</exception>
    public async Task WishAsync(MetaCommand command, CancellationToken cancellationToken)
    {
        var meta = await FindAsync(CatalogGroups.MetaId, cancellationToken);
        var answer = await meta.Client.ProposeAsync(MetaCodec.Encode(command), cancellationToken);
        if (MetaMachine.RefusalOf(answer) is { } refusal)
        {
            throw new RaftException(refusal + ". Nothing was changed.");
        }
    }

    /// <summary>Wishes replicas of a group moved and waits until they are.</summary>
    /// <exception cref="RaftException">It is impossible, or no majority answered.</exception>
    public async Task MoveAsync(PlacementChange change, IProgress<RaftGroupStatus>? progress, CancellationToken cancellationToken)
    {
        var runtime = await FindAsync(change.Group, cancellationToken);
        await WishAsync(new MetaCommand { Changes = [change] }, cancellationToken);
        using var timer = new PeriodicTimer(_options.TickInterval * 4, _time);
        while (true)
        {
            // What this silo knows of the group follows the wish a little later; until then it is not so yet.
            var status = await GetStatusAsync(runtime, cancellationToken);
            progress?.Report(status);
            var voters = status.Replicas.Where(replica => replica.Role is RaftReplicaRole.Leader or RaftReplicaRole.Follower).Select(replica => replica.Silo).ToHashSet(StringComparer.Ordinal);
            if (change.Add.All(voters.Contains) && !status.Replicas.Any(replica => change.Leave.Contains(replica.Silo)))
            {
                return;
            }

            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    /// <summary>Takes a silo into service. Returns how many replicas it will be given.</summary>
    public async Task<int> AdmitAsync(string silo, CancellationToken cancellationToken)
    {
        var changes = SiloPlanner.Admit(await ReadCatalogAsync(cancellationToken), silo);
        await WishAsync(new MetaCommand { Changes = changes, Admit = silo }, cancellationToken);
        return changes.Length;
    }

    /// <summary>Takes a silo out of service. Returns how many replicas it will lose.</summary>
    public async Task<int> RetireAsync(string silo, CancellationToken cancellationToken)
    {
        var changes = SiloPlanner.Retire(await ReadCatalogAsync(cancellationToken), silo, name => _silos.FindActive(name) is not null);
        await WishAsync(new MetaCommand { Changes = changes, Retire = silo }, cancellationToken);
        return changes.Length;
    }

    private async Task<Catalog> ReadCatalogAsync(CancellationToken cancellationToken)
    {
        var meta = await FindAsync(CatalogGroups.MetaId, cancellationToken);
        return MetaCodec.ReadCatalog(await meta.Client.ReadAsync(default, cancellationToken));
    }
}
