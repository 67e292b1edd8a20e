using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <content>Getting leaders back to where they belong after a failure.</content>
internal sealed partial class RaftHost : ILeaderBalancingPort
{
    /// <inheritdoc/>
    object? ILeaderBalancingPort.Plan
    {
        get
        {
            if (!_isActive || Phase != SiloPhase.Running || _refusal is not null || Catalog is not { } catalog || _store?.GetStatus() is not { } store || IsStalled(store))
            {
                return null;
            }

            if (_leaderPlan is not { } plan || !ReferenceEquals(plan.Catalog, catalog))
            {
                plan = new LeaderPlanOf(catalog, LeaderPlan.Of(catalog).Where(choice => string.Equals(choice.Value, Silo, StringComparison.Ordinal)).Select(choice => choice.Key).ToHashSet());

                // A catalog that was only fetched anew changes nothing.
                _leaderPlan = _leaderPlan is { } former && former.Groups.SetEquals(plan.Groups) ? former with { Catalog = catalog } : plan;
            }

            return _leaderPlan.Groups;
        }
    }

    /// <inheritdoc/>
    IReadOnlyCollection<LeaderView> ILeaderBalancingPort.Look()
    {
        var views = new List<LeaderView>();
        foreach (var group in _leaderPlan!.Groups)
        {
            if (_groups.TryGetValue(group, out var runtime) && runtime.Replica is { } replica)
            {
                var leader = runtime.Descriptor.SiloOf(replica.Leader);
                var canAsk = leader is not null && !string.Equals(leader, Silo, StringComparison.Ordinal) && IsAlive(leader) && _silos.Find(leader) is not null;
                views.Add(new LeaderView(group, replica.IsLeader, canAsk, replica.WhyNotReady(ReadyLag), replica.GivenAwayTerm));
            }
        }

        return views;
    }

    /// <inheritdoc/>
    async Task<string?> ILeaderBalancingPort.ClaimAsync(RaftGroupId group, CancellationToken cancellationToken)
    {
        if (!_groups.TryGetValue(group, out var runtime) || runtime.Replica is not { } replica
            || runtime.Descriptor.SiloOf(replica.Leader) is not { } leader || _silos.Find(leader) is not { } address)
        {
            return "its leader is not known any more";
        }

        // The leader's word on how far this replica is: what it has not told, this replica does not know.
        var report = await TryReportAsync(leader, group.Name, group.Index);
        if (report?.Replicas.FirstOrDefault() is not { Role: (int)RaftRole.Leader } leading)
        {
            return $"{leader} does not answer or does not lead any more";
        }

        var seen = leading.Peers.FirstOrDefault(peer => peer.Replica == replica.Id.Value);
        if (seen is null || leading.Committed - seen.Match > ReadyLag)
        {
            return $"{leader} sees this replica at {seen?.Match ?? 0} of {leading.Committed}";
        }

        var answer = await TryTransferAsync(address, group, replica.Id);
        var end = _clock.Now + (2 * _options.TickInterval * _options.ElectionTicks);
        await WaitAsync(() => replica.IsLeader || _clock.Now >= end, cancellationToken);
        return replica.IsLeader ? null : $"{leader} says {answer}";
    }

    /// <inheritdoc/>
    void ILeaderBalancingPort.Claimed(RaftGroupId group, string? failure)
    {
        _metrics.LeaderClaimed(group.Name, failure is null);
        LogLeaderClaimed(_logger, group, Silo, failure ?? "leads now");
    }

    private async Task BalanceAsync(CancellationToken stopping)
    {
        if (!_options.LeaderBalancing)
        {
            return;
        }

        var balancer = new LeaderBalancer(this, _clock, _options.LeaderBalancingInterval);
        using var timer = new PeriodicTimer(_options.LeaderBalancingInterval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                await balancer.RunAsync(stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The silo stops.
        }
    }

    [LoggerMessage(EventId = (int)RaftEvent.LeaderClaimed, Level = LogLevel.Information, Message = "Replica {Group} on {Silo}: asked for leadership, since this silo is the group's first choice: {Result}.")]
    private static partial void LogLeaderClaimed(ILogger logger, RaftGroupId group, string silo, string result);

    private sealed record LeaderPlanOf(Catalog Catalog, HashSet<RaftGroupId> Groups);
}
