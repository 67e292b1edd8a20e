namespace Orleans.Raft.Hosting;

/// <summary>Brings the groups of which a silo is the first choice back to it, one after the other, once the silo has been well for a while.</summary>
internal sealed class LeaderBalancer(ILeaderBalancingPort port, IReplicaClock clock, TimeSpan interval)
{
    // Of what was given away or asked for in vain: long enough for a disk to recover, short enough for a promise of a minute.
    private const int HoldIntervals = 6;

    private readonly LeaderClaims _claims = new(interval * HoldIntervals);
    private object? _plan;
    private TimeSpan _since;

    /// <summary>Looks once, and asks for one group after the other until none is left to ask for.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var plan = port.Plan;
        if (plan is null || !ReferenceEquals(plan, _plan))
        {
            (_plan, _since) = (plan, clock.Now);
            return;
        }

        // Looked at from the start, so that what was given away meanwhile is noticed.
        var next = _claims.Next(port.Look(), clock.Now);
        while (next is { } group && clock.Now - _since >= interval && ReferenceEquals(plan, port.Plan))
        {
            var failure = await port.ClaimAsync(group, cancellationToken).ConfigureAwait(false);
            if (failure is not null)
            {
                _claims.Failed(group, clock.Now);
            }

            port.Claimed(group, failure);
            next = _claims.Next(port.Look(), clock.Now);
        }
    }
}
