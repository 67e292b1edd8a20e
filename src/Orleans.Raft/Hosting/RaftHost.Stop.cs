using Orleans.Raft.Core;

namespace Orleans.Raft.Hosting;

/// <content>
/// The way out (SAFETY-RULES B12): leadership goes first, while the silo is still active. Then its users' grains go; the replicas serve their last
/// writes. Then the replicas serve the grains of other silos that stop at the same time, for a bounded while. Then they close.
/// </content>
internal sealed partial class RaftHost
{
    // How long replicas without users of their own go on for other silos that stop.
    private static readonly TimeSpan MaxDrainTime = TimeSpan.FromSeconds(10);

    private SiloPhase Phase => _phase;

    private void EnterPhase(SiloPhase phase)
    {
        _phase = phase;
        if (_lanes is { } lanes)
        {
            lanes.Phase = phase;
        }
    }

    private async Task HandOverAsync(CancellationToken cancellationToken)
    {
        _isActive = false;
        EnterPhase(SiloPhase.Stopping);

        // Looked at again and again: leadership may still be on its way here, by an election or by a transfer that began before. A bound, not a promise: what has not
        // gone by then is elected away.
        var asked = new HashSet<RaftGroupId>();
        var end = _clock.Now + (_options.TickInterval * _options.ElectionTicks);
        await WaitAsync(() => !HandOverAll(asked) || _clock.Now >= end, cancellationToken);
    }

    // True while something here leads that another silo could lead.
    private bool HandOverAll(HashSet<RaftGroupId> asked)
    {
        var isLeading = false;
        foreach (var runtime in _groups.Values.Where(HasSuccessor))
        {
            isLeading = true;
            if (asked.Add(runtime.Descriptor.Id))
            {
                runtime.Replica!.PostHandOver(IsTransferTarget, "its silo stops");
            }
        }

        return isLeading;
    }

    // This silo's grains are gone. A silo that stops too may need this one's replicas for a majority, until its grains are gone as well.
    private async Task DrainAsync(CancellationToken cancellationToken)
    {
        EnterPhase(SiloPhase.Drained);
        var end = _clock.Now + MaxDrainTime;
        await WaitAsync(() => !IsNeededElsewhere() || _clock.Now >= end, cancellationToken);
    }

    private bool IsNeededElsewhere() => _groups.Values.Any(runtime => runtime.Replica is { Fault: null } && IsNeeded(runtime));

    // Somebody's grains may still write to the group, and without this silo there is no majority for it.
    private bool IsNeeded(GroupRuntime runtime)
    {
        var members = runtime.Descriptor.Members;
        var others = members.Where(member => !string.Equals(member.Silo, Silo, StringComparison.Ordinal)).Select(member => _lanes!.To(member.Silo));
        var serving = others.Where(lane => !lane.PeerLife.IsDefault && lane.PeerPhase < SiloPhase.Drained).ToArray();
        return serving.Any(lane => lane.PeerPhase == SiloPhase.Stopping) && serving.Length < (members.Count / 2) + 1;
    }

    private async Task WaitAsync(Func<bool> isSo, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_options.TickInterval, _time);
        while (!isSo() && await timer.WaitForNextTickAsync(cancellationToken))
        {
        }
    }

    // While this silo stops, calls of a group that can have no majority any more fail at once instead of after their whole budget.
    private void GiveUpHopeless()
    {
        foreach (var runtime in _groups.Values)
        {
            var members = runtime.Descriptor.Members;
            var left = members.Count(member => !IsGone(member.Silo));
            var needed = (members.Count / 2) + 1;
            runtime.Client.GiveUp(left >= needed ? null : $"the silo {Silo} stops, and of the group's {members.Count} silos {left} is left, where {needed} are needed");
        }
    }

    // Gone for good as far as a stopping silo is concerned: silent, and out of the membership or silent for long.
    private bool IsGone(string silo) =>
        !string.Equals(silo, Silo, StringComparison.Ordinal)
        && _lanes?.To(silo).SilentSince is { } since
        && (_silos.FindActive(silo) is null || _clock.Now - since > _options.TickInterval * _options.ElectionTicks);

    // The replica's word, not the client's: a client forgets its leader when an answer is late, and nothing reminds it before the next call.
    private static bool Leads(GroupRuntime runtime) => runtime.Replica is { IsLeader: true };

    private bool HasSuccessor(GroupRuntime runtime) =>
        Leads(runtime) && runtime.Descriptor.Members.Any(member => IsTransferTarget(member.Silo));

    private bool IsTransferTarget(string silo) =>
        !string.Equals(silo, Silo, StringComparison.Ordinal)
        && _silos.FindActive(silo) is not null
        && _lanes?.To(silo) is { PeerLife.IsDefault: false, PeerPhase: SiloPhase.Running };
}
