using Orleans.Concurrency;
using Orleans.GrainDirectory;
using Orleans.Placement;
using Orleans.Runtime;

namespace Orleans.Raft.Hosting;

/// <summary>A replica as a grain: the card under which Orleans shows it, and the scheduler on which its loop runs while the grain lives.</summary>
[Alias("Orleans.Raft.IReplicaGrain")]
internal interface IReplicaGrain : IGrainWithStringKey
{
    /// <summary>Activates the grain, which takes its replica over.</summary>
    [Alias("Adopt")]
    Task AdoptAsync();
}

/// <inheritdoc cref="IReplicaGrain"/>
[GrainType("orleans.raft.replica")]
[Reentrant]
[KeepAlive]
[Immovable]
[PinnedPlacement]
[GrainDirectory(PinnedGrainDirectory.Name)]
internal sealed class ReplicaGrain(RaftHost host) : Grain, IReplicaGrain
{
    private readonly RaftHost _host = host;
    private GrainScheduler? _scheduler;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var key = this.GetPrimaryKeyString();
        if (!ReplicaKey.TryParse(key, out var group, out var silo) || !string.Equals(silo, _host.Silo, StringComparison.Ordinal))
        {
            throw new ReplicaNotPlacedException($"The replica \"{key}\" does not belong on the silo {_host.Silo}.");
        }

        _scheduler = new GrainScheduler(GrainContext.Scheduler);
        _host.Adopt(group, _scheduler);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_scheduler is not null && ReplicaKey.TryParse(this.GetPrimaryKeyString(), out var group, out _))
        {
            _host.GiveBack(group, _scheduler);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task AdoptAsync()
    {
        // The replica may be another one than at the activation: removed, and made anew under another number.
        if (ReplicaKey.TryParse(this.GetPrimaryKeyString(), out var group, out _))
        {
            _host.Adopt(group, _scheduler!);
        }

        return Task.CompletedTask;
    }
}
