using Orleans.Concurrency;
using Orleans.EventSourcing;
using Orleans.Providers;
using Orleans.Runtime;
using Orleans.Streams;
using Orleans.Streams.Core;
using Orleans.Transactions.Abstractions;

namespace Orleans.Raft.Cluster.Tests.Provider;

/// <summary>Counts in a state of the default provider.</summary>
public interface ICounterGrain : IGrainWithStringKey
{
    Task<int> Increment();

    Task<int> Read();

    Task Forget();

    Task Leave();
}

[GenerateSerializer]
public sealed class CounterState
{
    [Id(0)]
    public int Count { get; set; }
}

public sealed class CounterGrain([PersistentState("counter")] IPersistentState<CounterState> state) : Grain, ICounterGrain
{
    public async Task<int> Increment()
    {
        state.State.Count++;
        await state.WriteStateAsync();
        return state.State.Count;
    }

    public Task<int> Read() => Task.FromResult(state.State.Count);

    public Task Forget() => state.ClearStateAsync();

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}

/// <summary>An account under Orleans transactions.</summary>
public interface IAccountGrain : IGrainWithStringKey
{
    [Transaction(TransactionOption.CreateOrJoin)]
    Task Add(int amount);

    [Transaction(TransactionOption.CreateOrJoin)]
    Task<int> Balance();

    Task Leave();
}

[GenerateSerializer]
public sealed class AccountState
{
    [Id(0)]
    public int Balance { get; set; }
}

[Reentrant]
public sealed class AccountGrain([TransactionalState("balance", "deleting")] ITransactionalState<AccountState> state) : Grain, IAccountGrain
{
    public Task Add(int amount) => state.PerformUpdate(account =>
    {
        account.Balance += amount;
        if (account.Balance < 0)
        {
            throw new InvalidOperationException($"{account.Balance - amount} is not enough to take {-amount}.");
        }
    });

    public Task<int> Balance() => state.PerformRead(account => account.Balance);

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}

/// <summary>Moves money from one account to another.</summary>
public interface ITransferGrain : IGrainWithIntegerKey
{
    [Transaction(TransactionOption.Create)]
    Task Transfer(string from, string to, int amount);
}

[StatelessWorker]
public sealed class TransferGrain : Grain, ITransferGrain
{
    public async Task Transfer(string from, string to, int amount)
    {
        await GrainFactory.GetGrain<IAccountGrain>(from).Add(-amount);
        await GrainFactory.GetGrain<IAccountGrain>(to).Add(amount);
    }
}

/// <summary>A grain whose state is the sum of its events, kept by the state-storage consistency provider.</summary>
public interface ISumGrain : IGrainWithStringKey
{
    Task<int> Add(int amount);

    Task<int> Sum();

    Task Leave();
}

[GenerateSerializer]
public sealed class Added
{
    [Id(0)]
    public int Amount { get; set; }
}

[GenerateSerializer]
public sealed class SumState
{
    [Id(0)]
    public int Sum { get; set; }

    public void Apply(Added added) => Sum += added.Amount;
}

[LogConsistencyProvider(ProviderName = "StateStorage")]
[StorageProvider(ProviderName = "Default")]
public sealed class SumGrain : JournaledGrain<SumState, Added>, ISumGrain
{
    public async Task<int> Add(int amount)
    {
        RaiseEvent(new Added { Amount = amount });
        await ConfirmEvents();
        return State.Sum;
    }

    public Task<int> Sum() => Task.FromResult(State.Sum);

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}

/// <summary>Listens to a stream whose subscriptions are kept in PubSubStore.</summary>
public interface IListenerGrain : IGrainWithGuidKey
{
    Task Listen();

    /// <summary>Completes once that many items have arrived.</summary>
    Task<List<int>> Received(int count);

    Task Leave();
}

[Reentrant]
public sealed class ListenerGrain : Grain, IListenerGrain, IStreamSubscriptionObserver, IAsyncObserver<int>
{
    private readonly List<int> _received = [];
    private readonly List<(int Count, TaskCompletionSource Done)> _waiting = [];

    public async Task Listen() => await this.GetStreamProvider("streams").GetStream<int>("numbers", this.GetPrimaryKey()).SubscribeAsync(this);

    public async Task<List<int>> Received(int count)
    {
        if (_received.Count < count)
        {
            var done = new TaskCompletionSource();
            _waiting.Add((count, done));
            await done.Task.WaitAsync(TimeSpan.FromSeconds(20));
        }

        return _received;
    }

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task OnSubscribed(IStreamSubscriptionHandleFactory handleFactory) => handleFactory.Create<int>().ResumeAsync(this);

    public Task OnNextAsync(int item, StreamSequenceToken? token = null)
    {
        _received.Add(item);
        foreach (var (count, done) in _waiting)
        {
            if (_received.Count >= count)
            {
                done.TrySetResult();
            }
        }

        return Task.CompletedTask;
    }

    public Task OnErrorAsync(Exception ex)
    {
        foreach (var (_, done) in _waiting)
        {
            done.TrySetException(ex);
        }

        return Task.CompletedTask;
    }

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // A new activation takes its subscriptions up again; PubSubStore knows them.
        var stream = this.GetStreamProvider("streams").GetStream<int>("numbers", this.GetPrimaryKey());
        foreach (var handle in await stream.GetAllSubscriptionHandles())
        {
            await handle.ResumeAsync(this);
        }
    }
}
