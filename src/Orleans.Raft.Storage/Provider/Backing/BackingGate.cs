using Orleans.Runtime;

namespace Orleans.Raft.Storage.Provider;

/// <summary>Opens when the silo's storage providers have started: replicas answer before that, and must not ask a storage that is not up (SAFETY-RULES C6).</summary>
internal sealed class BackingGate : ILifecycleParticipant<ISiloLifecycle>
{
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when it is open.</summary>
    public Task IsOpen => _open.Task;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle observer) =>
        observer.Subscribe(nameof(BackingGate), BackingRegistration.LastStage + 1, _ =>
        {
            Open();
            return Task.CompletedTask;
        });

    /// <summary>Opens it.</summary>
    public void Open() => _open.TrySetResult();
}
